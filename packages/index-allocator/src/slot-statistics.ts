/** What the allocator tells about itself in numbers: the pool's metrics are made of these. */

/** How many slots are in which state now; the four add up to the capacity. */
export interface SlotCounts {
  /** Free, never handed out. */
  untouched: number
  /** Free, used before, remembering no module. */
  withoutAffinity: number
  /** Free, remembering a module. */
  affine: number
  taken: number
}

/** What all successful calls of `allocate` together were given, since the allocator was made. */
export interface AllocationTotals {
  /** Slots that were affine to the key asked for: hits. */
  affine: number
  /** Slots that were affine to another key, or to any where none was asked for: their image is lost (steals). */
  evicted: number
  /** Used slots that remembered no module. */
  withoutAffinity: number
  /** Slots that were never used before. */
  untouched: number
}
