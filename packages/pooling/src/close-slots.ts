/** The last step of a pool's life: every slot's address space goes back, in time slices. */

import { IncompleteCloseError } from './errors/incomplete-close-error.ts'
import type { SlotCare } from './slot-care.ts'
import type { TimeSlicer } from './time-slicer.ts'

/** @throws IncompleteCloseError where the kernel keeps some; calling it again tries those again. */
export async function closeSlots(care: SlotCare, slicer: TimeSlicer): Promise<void> {
  const slots = care.usedSlots()
  const failed: number[] = []
  let cause: unknown
  await slicer.run(() => {
    const next = slots.next()
    if (next.done === true) return false
    try {
      care.releaseAll(next.value)
    } catch (error) {
      cause ??= error
      failed.push(next.value.index)
    }
    return true
  })
  if (failed.length > 0) throw new IncompleteCloseError(failed, cause)
}
