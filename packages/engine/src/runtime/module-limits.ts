/**
 * What the memories of a module may take: as much as a slot holds, or less where the module has a limit of its own.
 *
 *   declared maximum    a memory's own, in the module     growth beyond it fails
 *   ownMaxMemoryBytes   option of `compile`               the same, for each memory of the module
 *   maxMemoryBytes      option of the engine              the same, for all: the capacity of a slot
 */
import type { MemoryPlan } from '../binary/analyse-module.ts'
import { pageBytes } from '../binary/sort-segments.ts'
import { UnsupportedModuleError } from '../errors/unsupported-module-error.ts'
import { checkAddressSpace } from './check-limits.ts'
import { checkMemory64 } from './check-memory64.ts'

/** What a module may ask of the engine's slots. */
export interface SlotLimits {
  readonly slots: number
  readonly maxMemoryBytes: number
  /** How much address space a slot takes with a 32-bit memory. */
  readonly reservedBytesPerMemory: number
}

/** The same for one module. */
export interface ModuleLimits extends SlotLimits {
  /** Undefined: none but the engine's. It may be larger than that, where it was made for another engine. */
  readonly ownMaxMemoryBytes: number | undefined
}

/** What each memory of the module can grow to, in bytes. */
export function mostMemoryBytes({ maxMemoryBytes, ownMaxMemoryBytes = Infinity }: ModuleLimits): number {
  return Math.min(maxMemoryBytes, ownMaxMemoryBytes)
}

/** Whether the memories fit into the engine's slots and the module's own limit. @throws UnsupportedModuleError, ResourceLimitError */
export function checkModuleLimits(
  memories: readonly Pick<MemoryPlan, 'initialPages' | 'is64'>[],
  limits: ModuleLimits,
): void {
  if (memories.length > limits.slots) {
    throw new UnsupportedModuleError(
      `it has ${memories.length} memories, and the engine ${limits.slots} slots`,
      'Raise option `slots`.',
    )
  }
  for (const [index, { initialPages, is64 }] of memories.entries()) {
    if (is64) checkMemory64Limits(index, limits)
    checkInitialBytes(index, initialPages * pageBytes, limits)
  }
}

function checkInitialBytes(index: number, bytes: number, limits: ModuleLimits): void {
  const { maxMemoryBytes, ownMaxMemoryBytes = Infinity } = limits
  if (bytes > maxMemoryBytes) {
    throw new UnsupportedModuleError(
      `memory ${index} starts with ${bytes} bytes, and a slot holds ${maxMemoryBytes}`,
      'Raise option `maxMemoryBytes`.',
    )
  }
  if (bytes > ownMaxMemoryBytes) {
    throw new UnsupportedModuleError(
      `memory ${index} starts with ${bytes} bytes, and the module's own limit is ${ownMaxMemoryBytes}`,
      'Raise option `maxMemoryBytes` of the module.',
    )
  }
}

/** A slot that served both keeps a 32-bit and a 64-bit memory. */
function checkMemory64Limits(index: number, { slots, reservedBytesPerMemory }: SlotLimits): void {
  const support = checkMemory64()
  if ('reason' in support) {
    throw new UnsupportedModuleError(`memory ${index} is a memory64, and ${support.reason}`, support.advice)
  }
  checkAddressSpace(slots, reservedBytesPerMemory + support.reservedBytesPerMemory)
}
