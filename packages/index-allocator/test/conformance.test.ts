/** The suite itself: it must fail for strategies with the defects that strategies tend to have. */

import { describe, expect, it } from 'vitest'
import { strategyConformance } from '../src/conformance/index.ts'
import { nextAvailable } from '../src/index.ts'
import type { AllocationStrategy, FreeSlots } from '../src/index.ts'

/** The messages of the tests that fail, by name. */
function failures(createStrategy: () => AllocationStrategy): Map<string, string> {
  const failed = new Map<string, string>()
  strategyConformance({
    createStrategy,
    operations: 500,
    largeCapacity: 200_000,
    test(name, run) {
      try {
        run()
      } catch (error) {
        failed.set(name, (error as Error).message)
      }
    },
  })
  return failed
}

/** The keys that a strategy is asked for in the random runs. */
function trace(seed: number): (number | undefined)[] {
  const keys: (number | undefined)[] = []
  const inner = nextAvailable()
  const choose: AllocationStrategy['choose'] = (slots, key) => {
    keys.push(key)
    return inner.choose(slots, key)
  }
  strategyConformance({
    createStrategy: () => ({ name: 'traced', choose }),
    operations: 200,
    seed,
    largeCapacity: 2,
    test: (name, run) => name.startsWith('agrees') && run(),
  })
  return keys
}

const choosing = (choose: AllocationStrategy['choose']) => () => ({ name: 'defective', choose })

let sharedNext = 0

const defects: Record<string, () => AllocationStrategy> = {
  'always names slot 0': choosing(() => 0),
  'names nothing': choosing(() => undefined),
  throws: choosing(() => {
    throw new Error('no idea')
  }),
  'names a number beyond the last slot': choosing((slots) => slots.count + 1000),
  'knows untouched slots only': choosing((slots) => slots.nextUntouched),
  'knows used slots only': choosing((slots) => slots.mostRecentlyFreed),
  'gives nothing where no key is asked for': choosing((slots, key) =>
    key === undefined ? undefined : slots.at(0),
  ),
  'evicts nobody': choosing(
    (slots, key) =>
      slots.mostRecentlyAffineTo(key ?? 0) ?? slots.mostRecentlyFreedWithoutAffinity ?? slots.nextUntouched,
  ),
  'is off by one': choosing((slots) => slots.at(slots.count)),
  'keeps 16 bits of a slot': choosing((slots) => {
    const slot = slots.mostRecentlyFreed ?? slots.nextUntouched
    return slot === undefined ? undefined : slot & 0xffff
  }),
  'remembers free slots by itself and misses the purge': () => {
    const own = new Map<number | undefined, number>()
    return {
      name: 'defective',
      choose(slots: FreeSlots, key) {
        const slot = own.get(key) ?? slots.mostRecentlyFreed ?? slots.nextUntouched
        if (slot !== undefined) own.set(key, slot)
        return slot
      },
    }
  },
  'shares its state among allocators': choosing((slots) => {
    sharedNext += 1
    return slots.count > 8 ? (slots.nextUntouched ?? slots.at(0)) : sharedNext % 9
  }),
  'has no name': () => ({ ...nextAvailable(), name: '' }),
}

describe('the conformance suite', () => {
  it.each(Object.entries(defects))('fails a strategy that %s', (_, createStrategy) => {
    expect(failures(createStrategy).size).toBeGreaterThan(0)
  })

  it('names the strategy and the choice', () => {
    const messages = [...failures(choosing(() => 0)).values()]
    expect(messages).toContainEqual(expect.stringContaining('strategy "defective" chose 0'))
  })

  it('finds a defect that shows at large capacities only', () => {
    const failed = failures(defects['keeps 16 bits of a slot'] as () => AllocationStrategy)
    expect([...failed.keys()]).toEqual(['serves 200000 slots'])
  })

  it('passes a sound strategy by a third party', () => {
    const leastRecentlyFreed = choosing((slots) => slots.nextUntouched ?? slots.leastRecentlyFreed)
    expect(failures(leastRecentlyFreed)).toEqual(new Map())
  })

  it('repeats itself with the same seed', () => {
    expect(trace(5)).toEqual(trace(5))
    expect(trace(5)).not.toEqual(trace(6))
  })
})
