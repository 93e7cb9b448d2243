/**
 * The contract between the allocator and a strategy.
 *
 * A strategy only *chooses*: it is shown the free slots and names one. The allocator owns the truth (which slots are
 * taken, which module each one remembers), so affinity is tracked under every strategy, and no strategy can make a
 * purge miss a slot. Wasmtime keeps the same promise: every strategy of its index allocator records affinity, so that
 * dropping a module can find each slot that still maps its image.
 */

/** Number of a slot, from 0 to `capacity - 1`. */
export type SlotIndex = number

/** What a slot remembers: the number of a module, or of one memory of it. Any safe integer from 0 on. */
export type AffinityKey = number

/**
 * The free slots, as a strategy sees them: a live, read-only view; every question is answered in O(1).
 *
 * A free slot is of exactly one kind:
 * - *untouched*: never handed out, its memory was never used;
 * - *without affinity*: used before, remembers no module (freed without a key, or purged);
 * - *affine*: used before, remembers the module (key) that used it last.
 */
export interface FreeSlots {
  /** How many slots are free, of all three kinds. */
  readonly count: number
  /**
   * The free slot at a position, from 0 to `count - 1`; undefined elsewhere. The order is arbitrary and changes with
   * every allocation. Made for drawing at random. The first call costs O(capacity) where slots are taken already.
   */
  at(position: number): SlotIndex | undefined
  /** The slot freed last, affine or not; undefined where only untouched slots are free. */
  readonly mostRecentlyFreed: SlotIndex | undefined
  /** The slot that has been free for longest, affine or not, since it was freed; undefined as above. */
  readonly leastRecentlyFreed: SlotIndex | undefined
  /** Among the free slots affine to `key`, the one freed last. */
  mostRecentlyAffineTo(key: AffinityKey): SlotIndex | undefined
  /** Among all affine free slots, the one that was freed first: the cheapest one to evict. */
  readonly leastRecentlyUsedAffine: SlotIndex | undefined
  /** How many free slots are affine to some key: Wasmtime's "unused warm slots". */
  readonly affineCount: number
  /** Among the free slots that were used and remember no module, purged ones included, the one freed last. */
  readonly mostRecentlyFreedWithoutAffinity: SlotIndex | undefined
  /** The lowest slot that was never handed out. */
  readonly nextUntouched: SlotIndex | undefined
}

/** A plug-in that decides which free slot an allocation gets. Test your own with `@warmslot/index-allocator/conformance`. */
export interface AllocationStrategy {
  /** Not empty; error messages and metrics show it. */
  readonly name: string
  /**
   * Names a slot that is free now. Called only while `slots.count > 0`, with the allocation's key if it has one.
   * Anything else than a free slot (undefined too) makes the allocation fail with `StrategyChoiceError` and changes
   * nothing; so does an error thrown here, which reaches the caller of `allocate` as it is.
   */
  choose(slots: FreeSlots, key: AffinityKey | undefined): SlotIndex | undefined
}
