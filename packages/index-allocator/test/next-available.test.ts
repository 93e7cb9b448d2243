import { describe, expect, it, test } from 'vitest'
import { strategyConformance } from '../src/conformance/index.ts'
import { IndexAllocator, nextAvailable } from '../src/index.ts'

describe('nextAvailable', () => {
  strategyConformance({ test, createStrategy: nextAvailable })

  it('takes the slot freed last, whoever used it, then the lowest untouched one', () => {
    const allocator = new IndexAllocator({ capacity: 5, strategy: nextAvailable() })
    expect([allocator.allocate(7), allocator.allocate(), allocator.allocate(8)]).toEqual([0, 1, 2])
    allocator.free(2)
    allocator.free(1)
    allocator.free(0)
    expect([1, 2, 3, 4, 5].map((key) => allocator.allocate(key))).toEqual([0, 1, 2, 3, 4])
  })
})
