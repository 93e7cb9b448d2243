/** What each built-in strategy must choose, read off the slots' history: an oracle for the properties. */

import type { SlotIndex } from '../src/index.ts'

export interface History {
  /** Free slots that were used, the one freed last at the end, with what they remember. */
  freed: { slot: SlotIndex; key: number | undefined }[]
  /** Never handed out, ascending. */
  untouched: SlotIndex[]
}

/** The slot that must come; undefined where none is free. */
export type Oracle = (history: History, key: number | undefined) => SlotIndex | undefined

export const nextAvailableOracle: Oracle = ({ freed, untouched }) => freed.at(-1)?.slot ?? untouched[0]

export function reuseAffinityOracle(maxUnusedWarmSlots: number): Oracle {
  return ({ freed, untouched }, key) => {
    const affine = freed.filter((entry) => entry.key !== undefined)
    const own = key === undefined ? undefined : affine.findLast((entry) => entry.key === key)
    const imageless = freed.findLast((entry) => entry.key === undefined)
    const oldest = affine[0]?.slot
    const fresh = untouched[0]
    if (own !== undefined) return own.slot
    if (imageless !== undefined) return imageless.slot
    return affine.length < maxUnusedWarmSlots ? (fresh ?? oldest) : (oldest ?? fresh)
  }
}
