/** Checks the option `deadlineMs`. */
import { InvalidOptionError } from '@warmslot/index-allocator'
import { furthestDeadlineMs } from '../deadlines/control-words.ts'

/** @throws InvalidOptionError */
export function checkDeadline(deadlineMs: unknown, deadlines: boolean): void {
  if (!deadlines) {
    throw new InvalidOptionError(
      'deadlineMs',
      'left out, or the engine made with `deadlines: true`',
      deadlineMs,
    )
  }
  if (typeof deadlineMs !== 'number' || !(deadlineMs > 0 && deadlineMs <= furthestDeadlineMs)) {
    throw new InvalidOptionError(
      'deadlineMs',
      `a number of milliseconds above 0, up to ${furthestDeadlineMs}`,
      deadlineMs,
    )
  }
}
