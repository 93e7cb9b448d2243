import { describe, expect, it } from 'vitest'
import {
  IndexAllocator,
  InvalidAffinityKeyError,
  InvalidOptionError,
  MAX_CAPACITY,
  nextAvailable,
  reuseAffinity,
  SlotNotTakenError,
  SlotOutOfRangeError,
  StrategyChoiceError,
} from '../src/index.ts'
import type { AllocationStrategy, SlotIndex } from '../src/index.ts'

function everything(allocator: IndexAllocator) {
  const slots = Array.from({ length: allocator.capacity }, (_, slot) => slot)
  return {
    counts: allocator.counts,
    totals: allocator.totals,
    taken: slots.map((slot) => allocator.isTaken(slot)),
    affinity: slots.map((slot) => allocator.affinityOf(slot)),
    affine: allocator.affinityKeys().map((key) => [key, allocator.affineSlots(key)]),
  }
}

describe('capacity and strategy', () => {
  it.each([0, -1, 1.5, NaN, MAX_CAPACITY + 1, '10', undefined])('refuses the capacity %s', (capacity) => {
    const make = () => new IndexAllocator({ capacity: capacity as number, strategy: nextAvailable() })
    expect(make).toThrow(InvalidOptionError)
    expect(make).toThrow('"capacity"')
  })

  it.each([undefined, null, {}, { name: '', choose: () => 0 }, { name: 'x' }])(
    'refuses the strategy %o',
    (strategy) => {
      const make = () => new IndexAllocator({ capacity: 1, strategy: strategy as AllocationStrategy })
      expect(make).toThrow(InvalidOptionError)
      expect(make).toThrow('"strategy"')
    },
  )

  it('serves the largest capacity', () => {
    const allocator = new IndexAllocator({ capacity: MAX_CAPACITY, strategy: reuseAffinity() })
    expect(allocator.allocate(1)).toBe(0)
    expect(allocator.counts.untouched).toBe(MAX_CAPACITY - 1)
  })
})

describe('arguments', () => {
  const allocator = new IndexAllocator({ capacity: 3, strategy: nextAvailable() })

  it.each([-1, 0.5, NaN, Infinity, 2 ** 53, '1', null, 1n])('refuses the key %s', (key) => {
    const wrong = key as number
    expect(() => allocator.allocate(wrong)).toThrow(InvalidAffinityKeyError)
    expect(() => allocator.allocateAffineAndClearAffinity(wrong)).toThrow(InvalidAffinityKeyError)
    expect(() => allocator.affineSlots(wrong)).toThrow(InvalidAffinityKeyError)
    expect(() => allocator.affineCount(wrong)).toThrow(InvalidAffinityKeyError)
    expect(() => allocator.takenAffineCount(wrong)).toThrow(InvalidAffinityKeyError)
    expect(allocator.taken).toBe(0)
  })

  it.each([-1, 3, 0.5, NaN, 2 ** 32, '1', undefined, 1n])('refuses the slot %s', (slot) => {
    const wrong = slot as SlotIndex
    expect(() => allocator.free(wrong)).toThrow(SlotOutOfRangeError)
    expect(() => allocator.clearAffinity(wrong)).toThrow(SlotOutOfRangeError)
    expect(() => allocator.isTaken(wrong)).toThrow(SlotOutOfRangeError)
    expect(() => allocator.affinityOf(wrong)).toThrow(SlotOutOfRangeError)
  })

  it('treats the key -0 as 0', () => {
    const own = new IndexAllocator({ capacity: 2, strategy: reuseAffinity() })
    own.free(own.allocate(-0) as number)
    expect(own.affinityKeys()).toEqual([0])
    expect(own.affineSlots(0)).toEqual([0])
    own.free(own.allocate(0) as number)
    expect(own.totals.affine).toBe(1)
  })
})

describe('free', () => {
  it('refuses a slot that is not taken, and changes nothing', () => {
    const allocator = new IndexAllocator({ capacity: 2, strategy: nextAvailable() })
    const slot = allocator.allocate(7) as number
    allocator.free(slot)
    const before = everything(allocator)
    expect(() => allocator.free(slot)).toThrow(SlotNotTakenError)
    expect(() => allocator.free(1)).toThrow('Cannot free slot 1: it is not taken')
    expect(() => allocator.clearAffinity(slot)).toThrow(SlotNotTakenError)
    expect(everything(allocator)).toEqual(before)
  })
})

describe('a strategy’s bad choice', () => {
  const choices = [undefined, null, NaN, -1, 0.5, 4, 2 ** 32, '2', 2n, {}, 0]
  it.each(choices)('%o is an error that names the strategy, and changes nothing', (choice) => {
    let bad = false
    const good = reuseAffinity()
    const allocator = new IndexAllocator({
      capacity: 4,
      strategy: {
        name: 'mischievous',
        choose: (slots, key) => (bad ? (choice as SlotIndex) : good.choose(slots, key)),
      },
    })
    allocator.allocate(7)
    allocator.free((allocator.allocate(8) ?? 0) as number)
    const before = everything(allocator)
    bad = true
    for (const key of [undefined, 7, 9]) {
      expect(() => allocator.allocate(key)).toThrow(StrategyChoiceError)
      expect(() => allocator.allocate(key)).toThrow('"mischievous"')
    }
    expect(everything(allocator)).toEqual(before)
    bad = false
    expect(allocator.allocate(8)).toBe(1)
  })

  it('is noticed too where the strategy takes its own choice by calling back', () => {
    const allocator: IndexAllocator = new IndexAllocator({
      capacity: 2,
      strategy: {
        name: 'reentrant',
        choose: (slots, key) => {
          const choice = slots.nextUntouched
          if (key === 1) allocator.allocate(2)
          return choice
        },
      },
    })
    expect(() => allocator.allocate(1)).toThrow(StrategyChoiceError)
    expect(allocator.taken).toBe(1)
    expect(allocator.affinityOf(0)).toBe(2)
  })

  it('lets an error from the strategy through, and changes nothing', () => {
    const failure = new Error('no idea')
    const choose = () => {
      throw failure
    }
    const allocator = new IndexAllocator({ capacity: 2, strategy: { name: 'clueless', choose } })
    expect(() => allocator.allocate(1)).toThrow(failure)
    expect(allocator.counts).toEqual({ untouched: 2, withoutAffinity: 0, affine: 0, taken: 0 })
  })

  it('does not stand in the way of a purge', () => {
    let broken = false
    const good = nextAvailable()
    const allocator = new IndexAllocator({
      capacity: 3,
      strategy: { name: 'breaks', choose: (slots, key) => (broken ? undefined : good.choose(slots, key)) },
    })
    const slots = [allocator.allocate(7), allocator.allocate(7), allocator.allocate(7)] as number[]
    for (const slot of slots) allocator.free(slot)
    broken = true
    const purged = slots.map(() => allocator.allocateAffineAndClearAffinity(7))
    expect(new Set(purged)).toEqual(new Set(slots))
    expect(allocator.allocateAffineAndClearAffinity(7)).toBeUndefined()
  })
})

describe('what a strategy is given', () => {
  it('shows questions only: nothing on it changes the allocator', () => {
    const allocator = new IndexAllocator({
      capacity: 2,
      strategy: {
        name: 'curious',
        choose(slots) {
          expect(Object.keys(slots)).toEqual([])
          const names = Object.getOwnPropertyNames(Object.getPrototypeOf(slots)).sort()
          expect(names).toEqual([
            'affineCount',
            'at',
            'constructor',
            'count',
            'leastRecentlyFreed',
            'leastRecentlyUsedAffine',
            'mostRecentlyAffineTo',
            'mostRecentlyFreed',
            'mostRecentlyFreedWithoutAffinity',
            'nextUntouched',
          ])
          return slots.nextUntouched
        },
      },
    })
    expect(allocator.allocate()).toBe(0)
  })

  it('is asked for in the right order of freeing across both kinds of slots', () => {
    const seen: unknown[] = []
    const allocator = new IndexAllocator({
      capacity: 4,
      strategy: {
        name: 'recorder',
        choose(slots) {
          seen.push([slots.leastRecentlyFreed, slots.mostRecentlyFreed])
          return slots.nextUntouched
        },
      },
    })
    for (const key of [7, undefined, 7]) allocator.allocate(key)
    allocator.free(1)
    allocator.free(0)
    allocator.free(2)
    allocator.allocate()
    expect(seen.at(-1)).toEqual([1, 2])
  })
})

describe('introspection', () => {
  it('tells free and taken slots of a key apart', () => {
    const allocator = new IndexAllocator({ capacity: 4, strategy: reuseAffinity() })
    const [first, second] = [allocator.allocate(7), allocator.allocate(7), allocator.allocate(8)] as number[]
    allocator.free(first as number)
    expect(allocator.affineCount(7)).toBe(1)
    expect(allocator.takenAffineCount(7)).toBe(1)
    expect(allocator.affineSlots(7)).toEqual([first])
    expect([...allocator.affinityKeys()].sort()).toEqual([7, 8])
    allocator.clearAffinity(second as number)
    expect(allocator.takenAffineCount(7)).toBe(0)
    expect(allocator.affinityOf(second as number)).toBeUndefined()
    expect(allocator.strategyName).toBe('reuseAffinity')
  })

  it('counts what allocations were given', () => {
    const allocator = new IndexAllocator({ capacity: 2, strategy: reuseAffinity() })
    allocator.free(allocator.allocate(1) as number) // untouched
    allocator.free(allocator.allocate(1) as number) // affine
    allocator.free(allocator.allocate(2) as number) // untouched
    allocator.free(allocator.allocate(3) as number) // evicts 1
    allocator.free(allocator.allocateAffineAndClearAffinity(3) as number)
    allocator.free(allocator.allocate(4) as number) // purged
    expect(allocator.totals).toEqual({ affine: 1, evicted: 1, withoutAffinity: 1, untouched: 2 })
    expect(allocator.counts).toEqual({ untouched: 0, withoutAffinity: 0, affine: 2, taken: 0 })
  })

  it('gives copies, which later operations leave alone', () => {
    const allocator = new IndexAllocator({ capacity: 3, strategy: reuseAffinity() })
    const slots = [allocator.allocate(7), allocator.allocate(7)] as number[]
    for (const slot of slots) allocator.free(slot)
    const { counts, totals } = allocator
    const visited: number[] = []
    for (const slot of allocator.affineSlots(7)) {
      visited.push(slot)
      allocator.allocateAffineAndClearAffinity(7)
    }
    expect(visited).toEqual([1, 0])
    expect(counts).toEqual({ untouched: 1, withoutAffinity: 0, affine: 2, taken: 0 })
    expect(totals.untouched).toBe(2)
  })
})

describe('errors', () => {
  it('are recognised across copies of the package, by mark and by code', () => {
    const classes = [
      [new InvalidOptionError('seed', 'a number', 'x'), InvalidOptionError, 'WARMSLOT_INVALID_OPTION'],
      [new InvalidAffinityKeyError(-1), InvalidAffinityKeyError, 'WARMSLOT_INVALID_AFFINITY_KEY'],
      [new SlotOutOfRangeError(9, 4), SlotOutOfRangeError, 'WARMSLOT_SLOT_OUT_OF_RANGE'],
      [new SlotNotTakenError(1, 'free'), SlotNotTakenError, 'WARMSLOT_SLOT_NOT_TAKEN'],
      [new StrategyChoiceError('x', 1, 2), StrategyChoiceError, 'WARMSLOT_STRATEGY_CHOICE'],
    ] as const
    for (const [error, errorClass, code] of classes) {
      expect(error.code).toBe(code)
      expect(error.name).toBe(errorClass.name)
      const copy = { [Symbol.for(`@warmslot/index-allocator/${errorClass.name}`)]: true }
      expect(errorClass.isInstance(copy)).toBe(true)
      for (const [other] of classes) expect(errorClass.isInstance(other)).toBe(other === error)
      for (const other of [undefined, null, 1, new Error('x')])
        expect(errorClass.isInstance(other)).toBe(false)
    }
  })
})
