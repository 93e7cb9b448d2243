/** The options of `deserialize`, their defaults and their ranges. */
import { InvalidOptionError } from '@warmslot/index-allocator'

import type { PooledInstance } from '../pooled-instance.ts'
import type { ModuleData } from '../serialization/module-data.ts'
import { SerializedModuleError } from '../errors/serialized-module-error.ts'
import { refuseUnknown } from './refuse-unknown.ts'

export interface DeserializeOptions {
  /** A name for messages, metrics and the kernel's view (`/proc/self/maps`). @default that of the serialized module */
  readonly label?: string
  /**
   * Only for snapshots: as for `snapshot`, since functions cannot be serialized. A snapshot that had one must get one here, or
   * null for none. @default nothing
   */
  readonly afterRestore?: ((instance: PooledInstance) => void) | null
}

const names = { label: true, afterRestore: true } satisfies Record<keyof DeserializeOptions, true>

/** @throws InvalidOptionError */
export function checkDeserializeOptions(options: DeserializeOptions): void {
  refuseUnknown(options, names)
  const { label, afterRestore } = options
  if (label !== undefined && typeof label !== 'string') throw new InvalidOptionError('label', 'a text', label)
  if (afterRestore !== undefined && afterRestore !== null && typeof afterRestore !== 'function')
    throw new InvalidOptionError('afterRestore', 'a function or null', afterRestore)
}

/** @throws SerializedModuleError, InvalidOptionError where module, engine and options do not fit together */
export function checkFit(
  { deadlines, isSnapshot, hasHook }: ModuleData,
  { afterRestore }: DeserializeOptions,
  engine: { readonly deadlines: boolean },
): void {
  if (deadlines !== engine.deadlines)
    throw new SerializedModuleError(
      `it was compiled ${deadlines ? 'with' : 'without'} checks of deadlines`,
      `Use an engine with option \`deadlines: ${deadlines}\`, or compile it again.`,
    )
  if (afterRestore && !isSnapshot)
    throw new InvalidOptionError('afterRestore', 'nothing: this module is no snapshot', afterRestore)
  if (hasHook && afterRestore === undefined)
    throw new InvalidOptionError(
      'afterRestore',
      'a function, as the snapshot had one (or null: none, on purpose)',
      afterRestore,
    )
}
