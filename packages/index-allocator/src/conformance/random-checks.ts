/** Thousands of random operations, each compared with the model. The same seed gives the same operations. */

import type { AffinityKey, AllocationStrategy, SlotIndex } from '../allocation-strategy.ts'
import { seededUint32 } from '../seeded-uint32.ts'
import { Trial } from './trial.ts'

/** Small ones, and such as do not fit in 31, 32 and 52 bits. */
const KEYS = [0, 1, 2, 3, 2 ** 31, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER]

/** A full comparison costs the capacity times the keys; so not after every operation. */
const OPERATIONS_PER_COMPARISON = 16

export interface RandomRun {
  capacity: number
  /** How many different keys the operations use. */
  keyCount: number
  operations: number
  seed: number
}

/**
 * Untouched slots run out soon and never come back, so the operations are spent on many short lives of an allocator
 * and some long ones.
 */
export function agreesWithTheModel(createStrategy: () => AllocationStrategy, run: RandomRun): void {
  const nextUint32 = seededUint32(run.seed)
  const draw = (count: number): number => nextUint32() % count
  for (let left = run.operations; left > 0;) {
    const life = Math.min(left, 1 + draw(run.capacity * (draw(4) === 0 ? 40 : 4)))
    live(new Trial(createStrategy(), run.capacity, KEYS), life, run.keyCount, draw)
    left -= life
  }
}

function live(trial: Trial, operations: number, keyCount: number, draw: (count: number) => number): void {
  const { capacity } = trial.model
  const takenSlots: SlotIndex[] = []
  const drawKey = (): AffinityKey => KEYS[draw(keyCount)] as AffinityKey
  const note = (slot: SlotIndex | undefined): void => {
    if (slot !== undefined) takenSlots.push(slot)
  }
  let isFilling = true
  for (let operation = 0; operation < operations; operation += 1) {
    // Phases of filling and draining, so that both full and empty are reached again and again.
    if (draw(capacity * 4) === 0) isFilling = !isFilling
    const percent = draw(100)
    if (percent < (isFilling ? 55 : 25)) note(trial.allocate(drawKey()))
    else if (percent < (isFilling ? 60 : 28)) note(trial.allocate())
    else if (percent < 85 && takenSlots.length > 0) trial.free(removeAny(takenSlots, draw))
    else if (percent < 89 && takenSlots.length > 0) trial.clearAffinity(takenSlots[0] as SlotIndex)
    else if (percent < 94) note(trial.allocateAffineAndClearAffinity(drawKey()))
    else if (percent < 97) trial.purge(drawKey())
    else trial.misuse(draw(capacity))
    if (operation % OPERATIONS_PER_COMPARISON === 0) trial.compare()
  }
  trial.compare()
}

function removeAny(slots: SlotIndex[], draw: (count: number) => number): SlotIndex {
  const index = draw(slots.length)
  const slot = slots[index] as SlotIndex
  slots[index] = slots.at(-1) as SlotIndex
  slots.pop()
  return slot
}
