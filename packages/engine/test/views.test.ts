/** A view over a slot costs microseconds to make, and counts for V8's collector: each size has one made once. */
import * as memoryImage from '@warmslot/memory-image'
import { afterAll, expect, it, vi } from 'vitest'

import { Engine } from '../src/index.ts'
import type { Exports } from './support/native.ts'
import { wat } from './support/wat.ts'

const made = vi.hoisted(() => ({ views: 0 }))
vi.mock(import('@warmslot/memory-image'), async (original) => {
  const actual = await original()
  const viewOver: typeof memoryImage.viewOver = (address, byteLength) => {
    made.views += 1
    return actual.viewOver(address, byteLength)
  }
  return { ...actual, viewOver }
})

const engine = new Engine({ slots: 1, maxMemoryBytes: 700 * 65_536 })
afterAll(() => engine.close())

it.each([100, 500])('of %i growths in a use, each followed by a look', async (growths) => {
  await using module = await engine.compile(
    wat('(module (memory (export "m") 1) (func (export "grow") (drop (memory.grow (i32.const 1)))))'),
  )
  const use = (): void => {
    using instance = engine.instantiate(module)
    const { grow, m } = instance.exports as Exports
    for (let growth = 1; growth <= growths; growth++) {
      grow()
      const bytes = new Uint8Array(m.buffer)
      expect([bytes.length, bytes[growth * 65_536 - 1]]).toEqual([(growth + 1) * 65_536, 0])
      bytes[growth * 65_536] = 9
    }
  }
  use()
  expect(made.views).toBeGreaterThanOrEqual(growths - 100)
  made.views = 0
  for (let again = 0; again < 3; again++) use()
  expect(made.views).toBe(0)
})
