/** Idle slots give their memory back, and their live instances serve on: as if nothing had been. */
import { afterAll, expect, it } from 'vitest'

import { Engine, InvalidOptionError } from '../src/index.ts'
import type { Exports } from './support/native.ts'
import { wat } from './support/wat.ts'

let short = false
const engine = new Engine({ slots: 4, maxMemoryBytes: 2 ** 20, memoryPressure: () => short })
afterAll(() => engine.close())

const module = await engine.compile(
  wat(`(module (memory (export "m") 4 8) (data (i32.const 0) "baseline") (global $uses (mut i32) (i32.const 0))
    (func (export "use") (param i32) (result i32)
      (memory.fill (i32.const 0) (i32.const 7) (local.get 0))
      (drop (memory.grow (i32.const 1)))
      (global.set $uses (i32.add (global.get $uses) (i32.const 1)))
      (global.get $uses)))`),
)

function use(): void {
  const instance = engine.instantiate(module)
  const { use: dirty } = instance.exports as Exports
  expect(Buffer.from(instance.read(0, 8)).toString()).toBe('baseline')
  expect(dirty(100_000)).toBe(1)
  instance.release()
}

const resident = (): number => engine.metrics({ residentBytes: true }).pool.residentBytes!

it('a trimmed slot serves its next use warm, from the baseline', async () => {
  use()
  expect(resident()).toBeGreaterThan(90_000)
  expect(await engine.trim()).toBe(1)
  expect(resident()).toBe(0)
  use()
  use()
  expect(engine.metrics().instances).toMatchObject({ warm: 2, fresh: 1 })
  expect(await engine.trim()).toBe(1)
  expect(await engine.trim()).toBe(0)
})

async function until(met: () => boolean): Promise<void> {
  while (!met()) await new Promise((resolve) => setTimeout(resolve, 20))
}

it('while memory is short nothing stays resident, and afterwards it does again', async () => {
  use()
  short = true
  await until(() => engine.metrics().pool.memoryPressure)
  await until(() => resident() === 0)
  use()
  expect(resident()).toBe(0)
  short = false
  await until(() => !engine.metrics().pool.memoryPressure)
  use()
  expect(resident()).toBeGreaterThan(90_000)
}, 20_000)

it('refuses what is no time and no source', () => {
  expect(() => new Engine({ idleTrimMs: 0 })).toThrow(InvalidOptionError)
  expect(() => new Engine({ memoryPressure: 'psi' as never })).toThrow(InvalidOptionError)
})
