/** The options of `deserialize`, their defaults and their ranges. */
import { InvalidOptionError } from '@warmslot/index-allocator'

import type { PooledInstance } from '../pooled-instance.ts'
import { checkMemoryBytes } from './check-memory-bytes.ts'
import { refuseUnknown } from './refuse-unknown.ts'

export interface DeserializeOptions {
  /** A name for messages, metrics and the kernel's view (`/proc/self/maps`). @default that of the serialized module */
  readonly label?: string
  /**
   * Only for snapshots: as for `snapshot`, since functions cannot be serialized. A snapshot that had one must get one here, or
   * null for none. @default nothing
   */
  readonly afterRestore?: ((instance: PooledInstance) => void) | null
  /**
   * As for `compile`, in place of the one that the serialized module has, which may be smaller or larger.
   * @default that of the serialized module, or where it has none, or a larger one, the engine's
   */
  readonly maxMemoryBytes?: number
}

const names = { label: true, afterRestore: true, maxMemoryBytes: true } satisfies Record<
  keyof DeserializeOptions,
  true
>

/** @throws InvalidOptionError */
export function checkDeserializeOptions(
  options: DeserializeOptions,
  engine: { readonly maxMemoryBytes: number },
): void {
  refuseUnknown(options, names)
  const { label, afterRestore, maxMemoryBytes } = options
  if (label !== undefined && typeof label !== 'string') throw new InvalidOptionError('label', 'a text', label)
  if (afterRestore !== undefined && afterRestore !== null && typeof afterRestore !== 'function')
    throw new InvalidOptionError('afterRestore', 'a function or null', afterRestore)
  if (maxMemoryBytes !== undefined) checkMemoryBytes(maxMemoryBytes, engine.maxMemoryBytes)
}
