import { describe, expect, it, test } from 'vitest'
import { strategyConformance } from '../src/conformance/index.ts'
import { IndexAllocator, InvalidOptionError, random } from '../src/index.ts'

function drawAll(seed: number, capacity: number): (number | undefined)[] {
  const allocator = new IndexAllocator({ capacity, strategy: random({ seed }) })
  return Array.from({ length: capacity }, () => allocator.allocate())
}

describe('random', () => {
  strategyConformance({ test, createStrategy: () => random({ seed: 42 }) })

  it('repeats itself with the same seed and not with another', () => {
    expect(drawAll(1, 100)).toEqual(drawAll(1, 100))
    expect(drawAll(1, 100)).not.toEqual(drawAll(2, 100))
  })

  it('draws a seed where none is given, and tells it', () => {
    const strategy = random()
    const allocator = new IndexAllocator({ capacity: 100, strategy })
    const drawn = Array.from({ length: 100 }, () => allocator.allocate())
    expect(drawn).toEqual(drawAll(strategy.seed, 100))
  })

  it('gives each free slot its share', () => {
    const capacity = 16
    const allocator = new IndexAllocator({ capacity, strategy: random({ seed: 3 }) })
    const counts = Array.from({ length: capacity }, () => 0)
    for (let draw = 0; draw < 16_000; draw += 1) {
      const slot = allocator.allocate() as number
      counts[slot] = (counts[slot] as number) + 1
      allocator.free(slot)
    }
    // 1,000 expected, standard deviation 31: the seed is fixed, so this cannot flicker.
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(160)
  })

  it('can take over an allocator’s positions while slots are taken', () => {
    let isRandom = false
    const inner = random({ seed: 9 })
    const allocator = new IndexAllocator({
      capacity: 50,
      strategy: {
        name: 'random later',
        choose: (slots, key) => (isRandom ? inner.choose(slots, key) : slots.nextUntouched),
      },
    })
    const taken = new Set<number | undefined>()
    for (let count = 0; count < 20; count += 1) taken.add(allocator.allocate())
    isRandom = true
    for (let count = 20; count < 50; count += 1) taken.add(allocator.allocate())
    expect(taken.size).toBe(50)
    expect(allocator.allocate()).toBeUndefined()
  })

  it.each([-1, 0.5, 2 ** 32, NaN, '7'])('refuses the seed %s', (seed) => {
    expect(() => random({ seed: seed as number })).toThrow(InvalidOptionError)
    expect(() => random({ seed: seed as number })).toThrow('"seed"')
  })
})
