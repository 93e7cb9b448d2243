/**
 * A strategy of our own: every slot rests for as long as can be before it is used again.
 *
 * It is for finding bugs: whoever still uses a slot after its release meets nobody there for a while, instead of
 * quietly reading the next one's data. It pays for that by mapping images more often.
 */
import type { AllocationStrategy, FreeSlots, SlotIndex } from '@warmslot/index-allocator'

export class LongestRest implements AllocationStrategy {
  readonly name = 'longestRest'

  /** Names a free slot. Which module each slot remembers is the allocator's business, so nothing can be lost here. */
  choose(slots: FreeSlots): SlotIndex | undefined {
    return slots.nextUntouched ?? slots.leastRecentlyFreed
  }
}
