/** What is counted as it happens: plain numbers, one object for each module, added up where somebody asks. */

/** Events since the pool was made, or since the module was registered. They never go down. */
export interface EventCounts {
  /** Leases handed out. */
  readonly acquires: number
  /** Memories handed out whose image was found mapped by the same module. */
  readonly hits: number
  /** Memories handed out into a slot that had no image, or another one. */
  readonly misses: number
  /** Misses that took a slot from another live module. */
  readonly steals: number
  /** Slots that other modules took from this one. For the pool: the same as `steals`. */
  readonly evictions: number
  /** Images mapped into a slot. */
  readonly remaps: number
  /** Resets that had nothing to do: nothing was marked dirty, or no page is private. */
  readonly resetsNothing: number
  /** Resets that copied back the dirty pages. */
  readonly resetsCopiedBack: number
  /** Resets that gave the pages back to the kernel. */
  readonly resetsDecommitted: number
  /** Resets that failed; the slot was cleared instead. */
  readonly resetsFailed: number
  /** Idle slots whose resident pages went back to the kernel, by age, under memory pressure, or by `trim`. */
  readonly slotsTrimmed: number
  /** Slots cleared of the module by a purge. */
  readonly slotsPurged: number
  /** Slots whose address space was replaced (`discardReservations`, or a clearing that failed). */
  readonly reservationsReplaced: number
  /** System calls (or calls of `createReservation`) that failed; each was dealt with as the page on faults says. */
  readonly faults: number
  /** Calls of `acquire` that found no slot. */
  readonly exhausted: number
  /** Waiters whose deadline passed. */
  readonly timeouts: number
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

/** The same, to be counted up. Every field is there from the start, so that the object keeps its shape. */
export class Counters implements Writable<EventCounts> {
  acquires = 0
  hits = 0
  misses = 0
  steals = 0
  evictions = 0
  remaps = 0
  resetsNothing = 0
  resetsCopiedBack = 0
  resetsDecommitted = 0
  resetsFailed = 0
  slotsTrimmed = 0
  slotsPurged = 0
  reservationsReplaced = 0
  faults = 0
  exhausted = 0
  timeouts = 0

  add(other: EventCounts): void {
    for (const name of Object.keys(this) as (keyof EventCounts)[]) this[name] += other[name]
  }
}
