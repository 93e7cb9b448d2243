/** The options of a slot, their defaults and their ranges. */

/** How a slot behaves. */
export interface SlotMemoryOptions {
  /**
   * How much private memory a reset may leave resident, in bytes, rounded down to pages. Pages beyond it are given back
   * to the kernel. 0: all are.
   * @default 4_194_304 (4 MiB)
   */
  readonly keepResidentBytes?: number
}

/**
 * @default 4 MiB: a use that writes to a thousand pages finds them there at its next turn, where page faults would take
 * ten times as long as copying back. Reviews, age and memory pressure take back what is not needed.
 */
const defaultKeepResidentBytes = 4 << 20

/** The option's value, or its default. */
export function keepResidentBytesOf(options: SlotMemoryOptions): number {
  const keepResidentBytes = options.keepResidentBytes ?? defaultKeepResidentBytes
  if (!Number.isSafeInteger(keepResidentBytes) || keepResidentBytes < 0) {
    throw new RangeError(`keepResidentBytes must be a safe integer >= 0, and it is ${keepResidentBytes}`)
  }
  return keepResidentBytes
}
