/** The engine's options for what a module may take of V8's own heap. */
import { InvalidOptionError } from '@warmslot/index-allocator'

import type { HeapLimits } from '../binary/heap-limits.ts'
import { v8HeapLimits } from '../binary/heap-limits.ts'

/** V8's own limit is a little less than that. */
const mostArrayBytes = 2 ** 30

/** @throws InvalidOptionError */
export function resolveHeapLimits(options: Partial<HeapLimits>): HeapLimits {
  const {
    maxTables = v8HeapLimits.maxTables,
    maxTableElements = v8HeapLimits.maxTableElements,
    maxArrayBytes = v8HeapLimits.maxArrayBytes,
  } = options
  checkWhole('maxTables', maxTables, v8HeapLimits.maxTables)
  checkWhole('maxTableElements', maxTableElements, v8HeapLimits.maxTableElements)
  if (maxArrayBytes !== Infinity) checkWhole('maxArrayBytes', maxArrayBytes, mostArrayBytes, ', or Infinity')
  return { maxTables, maxTableElements, maxArrayBytes }
}

function checkWhole(option: keyof HeapLimits, value: number, most: number, or = ''): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return
  throw new InvalidOptionError(option, `a whole number from 1 to ${most}${or}`, value)
}
