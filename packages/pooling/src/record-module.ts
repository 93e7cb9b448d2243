/** Registering a module: the checks, the record, the references on its images. */

import type { MemoryImage } from '@warmslot/memory-image'
import { InvalidOptionError } from '@warmslot/index-allocator'
import { LimitExceededError } from './errors/limit-exceeded-error.ts'
import { ModuleMemory, ModuleRecord } from './records.ts'
import type { ModuleMemoryOptions, RegisterOptions } from './pool-module.ts'
import { integer, WASM_PAGE_BYTES, type PoolSettings } from './pool-options.ts'

/** Numbers that are unique in the pool. */
export interface Numbers {
  nextModule: number
  nextKey: number
}

/** @throws InvalidOptionError, LimitExceededError; no reference is kept then. */
export function recordModule(
  pool: object,
  options: RegisterOptions,
  settings: PoolSettings,
  numbers: Numbers,
): ModuleRecord {
  const { memories } = options
  if (memories.length > settings.slots) throw tooManyMemories(memories.length, settings.slots)
  const mostBytes = memories.map((memory) => checkSizes(memory, settings.slotBytes))
  const kinds = memories.map(({ kind }) => checkKind(kind, settings.reservationKinds))
  const id = numbers.nextModule
  const record = new ModuleRecord(id, options.label ?? `module-${id}`, pool)
  retainAll(memories.map(({ image }) => image))
  record.holdsImages = true
  numbers.nextModule += 1
  record.memories = memories.map(({ image, initialBytes }, position) => {
    const key = numbers.nextKey
    numbers.nextKey += 1
    const kind = kinds[position] as string
    return new ModuleMemory(key, record, image, initialBytes, mostBytes[position] as number, kind)
  })
  return record
}

/** Returns the size that the memory can grow to. */
function checkSizes({ image, initialBytes, maximumBytes }: ModuleMemoryOptions, slotBytes: number): number {
  integer('initialBytes', initialBytes, 0, Number.MAX_SAFE_INTEGER)
  if (initialBytes % WASM_PAGE_BYTES !== 0) {
    throw new InvalidOptionError('initialBytes', `a multiple of ${WASM_PAGE_BYTES}`, initialBytes)
  }
  const imageEnd = image.offset + image.byteLength
  if (image.byteLength > 0 && imageEnd > initialBytes) {
    throw new InvalidOptionError('initialBytes', `at least ${imageEnd}, where the image ends`, initialBytes)
  }
  if (maximumBytes !== undefined) integer('maximumBytes', maximumBytes, initialBytes, Number.MAX_SAFE_INTEGER)
  if (initialBytes > slotBytes) throw tooLarge(initialBytes, slotBytes)
  return Math.min(slotBytes, maximumBytes ?? slotBytes)
}

function checkKind(kind: string | undefined, kinds: readonly string[]): string {
  if (kind === undefined) return kinds[0] as string
  if (!kinds.includes(kind)) throw new InvalidOptionError('kind', `one of ${JSON.stringify(kinds)}`, kind)
  return kind
}

function retainAll(images: readonly MemoryImage[]): void {
  const retained: MemoryImage[] = []
  try {
    for (const image of images) retained.push(image.retain())
  } catch (error) {
    for (const image of retained) void image.release()
    throw error
  }
}

function tooManyMemories(requested: number, limit: number): LimitExceededError {
  const message =
    `The module has ${requested} memories, each of which takes a slot, but the pool has ${limit} slots ` +
    `(option "slots"). Raise it.`
  return new LimitExceededError({ option: 'slots', limit, requested, message })
}

function tooLarge(requested: number, limit: number): LimitExceededError {
  const message =
    `A memory of the module starts with ${requested} bytes, but a slot holds ${limit} (option "slotBytes"). ` +
    `Raise it.`
  return new LimitExceededError({ option: 'slotBytes', limit, requested, message })
}
