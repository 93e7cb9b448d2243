/** The options of `deserialize`, their defaults and their ranges. */
import { InvalidOptionError } from '@warmslot/index-allocator'

import type { PooledInstance } from '../pooled-instance.ts'
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
