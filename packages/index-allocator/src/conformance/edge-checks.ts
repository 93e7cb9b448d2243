/** The situations at the edges, one by one: full, empty, and only one kind of slot to choose from. */

import type { AllocationStrategy } from '../allocation-strategy.ts'
import { ensure, ensureEqual } from './assertions.ts'
import { Trial } from './trial.ts'

type CreateStrategy = () => AllocationStrategy

const KEYS = [1, 2, 3]

export function hasAName(createStrategy: CreateStrategy): void {
  const { name } = createStrategy()
  ensure(typeof name === 'string' && name.length > 0, 'a strategy needs a name that is not empty')
}

export function handsOutEverySlotOnce(createStrategy: CreateStrategy): void {
  for (const capacity of [1, 2, 7, 64]) {
    const trial = new Trial(createStrategy(), capacity, KEYS)
    for (let round = 0; round < 3; round += 1) {
      for (let count = 0; count < capacity; count += 1) trial.allocate(KEYS[count % 4])
      ensureEqual(trial.allocate(), undefined, 'allocate() of a full allocator')
      ensureEqual(trial.allocate(1), undefined, 'allocate(1) of a full allocator')
      for (const slot of trial.model.taken) trial.free(slot)
      trial.compare()
    }
  }
}

/** Whatever kind of slot is left, an allocation of any sort must find it. */
export function findsTheOnlyKindLeft(createStrategy: CreateStrategy): void {
  const preparations: Record<string, (trial: Trial) => void> = {
    untouched: () => {},
    'without affinity': (trial) => cycle(trial, undefined),
    'affine to the same key': (trial) => cycle(trial, 1),
    'affine to another key': (trial) => cycle(trial, 2),
    purged: (trial) => {
      cycle(trial, 1)
      trial.purge(1)
    },
  }
  for (const prepare of Object.values(preparations)) {
    for (const key of [undefined, 1, 3]) {
      const trial = new Trial(createStrategy(), 5, KEYS)
      prepare(trial)
      while (trial.allocate(key) !== undefined);
      ensureEqual(trial.allocator.available, 0, 'slots that the strategy left unused')
      trial.compare()
    }
  }
}

/** A purge reaches the slots in use as they come back, and leaves other modules' slots alone. */
export function purgesWhileInUse(createStrategy: CreateStrategy): void {
  const trial = new Trial(createStrategy(), 12, KEYS)
  for (let count = 0; count < 12; count += 1) trial.allocate(KEYS[count % 3])
  const [inUse = -1, ...idle] = trial.model.takenAffineTo(2)
  for (const slot of trial.model.taken) if (slot !== inUse) trial.free(slot)
  ensureEqual(trial.allocator.affineCount(2), idle.length, 'affine slots before the purge')
  trial.purge(2)
  trial.clearAffinity(inUse)
  trial.free(inUse)
  trial.compare()
  ensureEqual(trial.allocateAffineAndClearAffinity(2), undefined, 'slots of a purged key')
  ensureEqual(trial.allocator.affineCount(1), 4, "another key's affine slots after the purge")
  ensureEqual(trial.allocator.counts.withoutAffinity, 4, 'purged slots')
  for (let count = 0; count < 12; count += 1) trial.allocate(2)
  trial.compare()
}

/** State that two instances of a strategy share by mistake shows when their allocators take turns. */
export function keepsAllocatorsApart(createStrategy: CreateStrategy): void {
  const trials = [new Trial(createStrategy(), 3, KEYS), new Trial(createStrategy(), 9, KEYS)]
  for (let round = 0; round < 60; round += 1) {
    for (const [index, trial] of trials.entries()) {
      if ((round + index) % 5 < 3) trial.allocate(KEYS[round % 4])
      else for (const slot of [...trial.model.taken].slice(0, 2)) trial.free(slot)
    }
  }
  for (const trial of trials) trial.compare()
}

/** Keys come and go for as long as the process lives: nothing may be left of those that no slot remembers. */
export function forgetsOldKeys(createStrategy: CreateStrategy): void {
  const trial = new Trial(createStrategy(), 8, KEYS)
  const held: number[] = []
  for (let key = 0; key < 20_000; key += 1) {
    const slot = trial.allocate(key)
    ensure(slot !== undefined, 'a slot should be free')
    held.push(slot)
    if (held.length > 4) trial.free(held.shift() as number)
    ensure(trial.allocator.affinityKeyCount <= 8, 'more keys are remembered than there are slots')
  }
  for (const slot of held) trial.free(slot)
  for (const key of trial.allocator.affinityKeys()) trial.purge(key)
  ensureEqual(trial.allocator.affinityKeyCount, 0, 'keys remembered after all were purged')
  trial.compare()
}

function cycle(trial: Trial, key: number | undefined): void {
  const { capacity } = trial.model
  for (let count = 0; count < capacity; count += 1) trial.allocate(key)
  for (let slot = 0; slot < capacity; slot += 1) trial.free(slot)
}
