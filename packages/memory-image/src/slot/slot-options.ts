/** The options of a slot, their defaults and their ranges. */

/** How a slot behaves. */
export interface SlotMemoryOptions {
  /**
   * How much private memory a reset may leave resident, in bytes, rounded down to pages. Pages beyond it are given back
   * to the kernel. 0: all are.
   * @default 1048576
   */
  readonly keepResidentBytes?: number
}

/** @default 1 MiB: the copying of 256 pages, 50 to 100 microseconds, is the most that a reset spends on kept pages */
const defaultKeepResidentBytes = 1 << 20

/** The option's value, or its default. */
export function keepResidentBytesOf(options: SlotMemoryOptions): number {
  const keepResidentBytes = options.keepResidentBytes ?? defaultKeepResidentBytes
  if (!Number.isSafeInteger(keepResidentBytes) || keepResidentBytes < 0) {
    throw new RangeError(`keepResidentBytes must be a safe integer >= 0, and it is ${keepResidentBytes}`)
  }
  return keepResidentBytes
}
