import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { isOlder } from '../../src/index.ts'

test('as numbers, however long', () => {
  const versions = fc.bigInt({ min: 0n, max: 2n ** 80n })
  fc.assert(
    fc.property(versions, versions, (a, b) => {
      expect(isOlder(String(a), String(b))).toBe(a < b)
    }),
  )
})

test.each([
  ['x', '2'],
  ['1', 'y'],
  ['01', '2'],
  [undefined, '2'],
  ['1', undefined],
])('%s and %s cannot be compared', (a, b) => {
  expect([isOlder(a, b), isOlder(b, a)]).toEqual([false, false])
})
