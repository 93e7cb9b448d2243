/** `instance.hold(promise)`: native work that goes on with the memory's bytes finds them there. */
import { open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'

import { Engine, InstanceReleasedError } from '../src/index.ts'
import { wat } from './support/wat.ts'

const engine = new Engine({ slots: 1, maxMemoryBytes: 64 * 65_536 })
const module = await engine.compile(
  wat('(module (memory (export "memory") 64) (data (i32.const 0) "image"))'),
)
afterAll(() => engine.close())

it('keeps the slot until the promise settles, and resets it then', async () => {
  const instance = engine.instantiate(module)
  instance.write(0, new Uint8Array(5).fill(7))
  const { promise: work, resolve: finish } = Promise.withResolvers<void>()
  expect(instance.hold(work)).toBe(work)
  instance.hold(Promise.reject(new Error('a failed write'))).catch(() => undefined)
  instance.release()
  expect(instance.released).toBe(true)
  expect(() => instance.read(0, 1)).toThrow(InstanceReleasedError)
  expect(() => instance.hold(work)).toThrow(InstanceReleasedError)
  await new Promise(setImmediate)
  expect(engine.metrics().pool.inUse).toBe(1)
  expect(() => engine.instantiate(module)).toThrow('slots')

  const waiting = engine.instantiateWhenFree(module, {}, { waitMs: 5_000 })
  finish()
  const next = await waiting
  expect(Buffer.from(next.read(0, 5)).toString()).toBe('image')
  next.release()
  expect(engine.metrics().pool.inUse).toBe(0)
})

it('a file gets the bytes of the use that wrote them', async () => {
  const path = join(tmpdir(), `warmslot-hold-${process.pid}`)
  const file = await open(path, 'w')
  try {
    const instance = engine.instantiate(module)
    const view = new Uint8Array(instance.memory!.buffer).fill(42)
    const written = instance.hold(file.write(view))
    instance.release()
    const next = await engine.instantiateWhenFree(module, {}, { waitMs: 5_000 })
    new Uint8Array(next.memory!.buffer).fill(13)
    await written
    next.release()
    const contents = await readFile(path)
    expect(contents.length).toBe(64 * 65_536)
    expect(contents.every((byte) => byte === 42)).toBe(true)
  } finally {
    await file.close()
    await rm(path)
  }
})
