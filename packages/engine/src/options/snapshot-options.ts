/** The options of `snapshot`, their defaults and their ranges. */
import { InvalidOptionError } from '@warmslot/index-allocator'

import type { PooledInstance } from '../pooled-instance.ts'
import { checkDeadline } from './check-deadline.ts'
import { refuseUnknown } from './refuse-unknown.ts'

export interface SnapshotOptions {
  /** A name for messages, metrics and the kernel's view (`/proc/self/maps`). @default the module's, with " (snapshot)" */
  readonly label?: string
  /**
   * Called with each instance of the snapshot before `instantiate` returns it: for what must be fresh in each use (seeds of
   * random numbers, clocks, identities). What it throws, `instantiate` throws. @default nothing
   */
  readonly afterRestore?: (instance: PooledInstance) => void
  /** How long the initialisation may take, as `deadlineMs` of `instantiate`. @default none */
  readonly deadlineMs?: number
}

const names = { label: true, afterRestore: true, deadlineMs: true } satisfies Record<
  keyof SnapshotOptions,
  true
>

/** @throws InvalidOptionError */
export function checkSnapshotOptions(
  options: SnapshotOptions,
  { deadlines }: { readonly deadlines: boolean },
): void {
  refuseUnknown(options, names)
  const { label, afterRestore, deadlineMs } = options
  if (label !== undefined && typeof label !== 'string') throw new InvalidOptionError('label', 'a text', label)
  if (afterRestore !== undefined && typeof afterRestore !== 'function')
    throw new InvalidOptionError('afterRestore', 'a function', afterRestore)
  if (deadlineMs !== undefined) checkDeadline(deadlineMs, deadlines)
}
