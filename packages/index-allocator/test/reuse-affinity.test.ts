import { describe, expect, it, test } from 'vitest'
import { strategyConformance } from '../src/conformance/index.ts'
import { IndexAllocator, InvalidOptionError, reuseAffinity } from '../src/index.ts'

function allocatorWithFree(capacity: number, keys: (number | undefined)[], maxUnusedWarmSlots?: number) {
  const options = maxUnusedWarmSlots === undefined ? {} : { maxUnusedWarmSlots }
  const allocator = new IndexAllocator({ capacity, strategy: reuseAffinity(options) })
  const slots = keys.map((key) => allocator.allocate(key) as number)
  for (const slot of slots) allocator.free(slot)
  return allocator
}

function purge(allocator: IndexAllocator, key: number): void {
  for (;;) {
    const slot = allocator.allocateAffineAndClearAffinity(key)
    if (slot === undefined) return
    allocator.free(slot)
  }
}

describe('reuseAffinity', () => {
  strategyConformance({ test, createStrategy: reuseAffinity })
})

describe('reuseAffinity with a cap', () => {
  strategyConformance({ test, createStrategy: () => reuseAffinity({ maxUnusedWarmSlots: 3 }) })
})

describe('reuseAffinity chooses', () => {
  it('the slot affine to the key that was freed last', () => {
    const allocator = allocatorWithFree(4, [7, 7, 8])
    expect([allocator.allocate(7), allocator.allocate(7), allocator.allocate(8)]).toEqual([1, 0, 2])
  })

  it('an untouched slot before any live module’s slot, by default', () => {
    const allocator = allocatorWithFree(4, [7, 8])
    expect([1, 2, 3].map((key) => allocator.allocate(key))).toEqual([2, 3, 0])
  })

  it('a slot without an image before a live module’s slot', () => {
    const mixed = new IndexAllocator({ capacity: 3, strategy: reuseAffinity({ maxUnusedWarmSlots: 0 }) })
    const [seven, none, eight] = [mixed.allocate(7), mixed.allocate(), mixed.allocate(8)] as number[]
    for (const slot of [none, seven, eight]) mixed.free(slot as number)
    expect(mixed.allocate(9)).toBe(none)
    expect(mixed.affinityOf(seven as number)).toBe(7)
  })

  it('a purged slot before a live module’s slot, although it was freed last', () => {
    const allocator = allocatorWithFree(3, [7, 8, 9])
    purge(allocator, 8)
    expect(allocator.allocate(10)).toBe(1)
    expect(allocator.affineCount(7)).toBe(1)
    expect(allocator.affineCount(9)).toBe(1)
    expect(allocator.totals).toMatchObject({ withoutAffinity: 1, evicted: 0 })
  })

  it('the least recently used affine slot when all others are affine to other keys', () => {
    const allocator = allocatorWithFree(3, [7, 8, 9])
    expect([allocator.allocate(1), allocator.allocate(2)]).toEqual([0, 1])
    expect(allocator.totals).toEqual({ affine: 0, evicted: 2, withoutAffinity: 0, untouched: 3 })
  })

  it('an affine slot rather than an untouched one from maxUnusedWarmSlots on', () => {
    const below = allocatorWithFree(5, [7, 8], 3)
    expect(below.allocate(1)).toBe(2)
    const reached = allocatorWithFree(5, [7, 8], 2)
    expect(reached.allocate(1)).toBe(0)
  })

  it('no slot of a module where no key is asked for, while there are others', () => {
    const allocator = allocatorWithFree(3, [7, 8])
    expect([allocator.allocate(), allocator.allocate()]).toEqual([2, 0])
    expect(allocator.affinityOf(0)).toBeUndefined()
  })

  it.each([-1, 0.5, NaN, -Infinity, '3'])('refuses maxUnusedWarmSlots %s', (value) => {
    const make = () => reuseAffinity({ maxUnusedWarmSlots: value as number })
    expect(make).toThrow(InvalidOptionError)
    expect(make).toThrow('"maxUnusedWarmSlots"')
  })
})
