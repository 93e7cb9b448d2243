/** The hash table under deletions: keys chosen so that they collide, since others hardly ever do. */

import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { KeyTable } from '../src/state/key-table.ts'

it('finds what a Map finds, whatever collides and in whichever order keys go', () => {
  const key = fc.oneof(
    fc.nat({ max: 40 }),
    // Equal in the low 32 bits, or in what they fold to.
    fc.nat({ max: 20 }).map((high) => high * 2 ** 32 + 5),
    fc.nat({ max: 2 ** 20 }).map((high) => Number.MAX_SAFE_INTEGER - high),
  )
  fc.assert(
    fc.property(fc.array(key, { minLength: 1, maxLength: 400, size: 'max' }), (keys) => {
      const maximumKeys = 16
      const keyOfRecord = new Float64Array(maximumKeys + 1)
      const table = new KeyTable(keyOfRecord, maximumKeys)
      const model = new Map<number, number>()
      const unused = Array.from({ length: maximumKeys }, (_, index) => index + 1)
      for (const next of keys) {
        const record = model.get(next)
        expect(table.get(next)).toBe(record ?? 0)
        if (record !== undefined) {
          table.delete(record)
          model.delete(next)
          unused.push(record)
        } else if (unused.length > 0) {
          const fresh = unused.pop() as number
          keyOfRecord[fresh] = next
          table.add(fresh)
          model.set(next, fresh)
        }
        expect(table.size).toBe(model.size)
        for (const [known, knownRecord] of model) expect(table.get(known)).toBe(knownRecord)
      }
      expect(new Set(table.keys())).toEqual(new Set(model.keys()))
    }),
  )
})
