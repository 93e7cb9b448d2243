/** Buffers that outlive their use, for hosts that keep nothing of them: `keepBuffers`. */
import { InvalidOptionError } from '@warmslot/index-allocator'
import { expect, it } from 'vitest'

import type { EngineOptions } from '../src/index.ts'
import { Engine, InstanceReleasedError } from '../src/index.ts'
import { runChild } from './support/child.ts'
import { mappingsOf } from './support/kernel.ts'
import type { Exports } from './support/native.ts'
import { wat } from './support/wat.ts'

const program = wat(`(module (memory (export "m") 1 600) (data (i32.const 8) "warm")
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`)

/** A module for a child's script. */
const bytesOf = (source: string): string => `new Uint8Array([${wat(source)}])`

const keeping = (options: EngineOptions = {}): Engine =>
  new Engine({ slots: 1, maxMemoryBytes: 600 * 65_536, keepBuffers: true, ...options })

it.each([0, 1, 'yes', null])('refuses %j', (value) => {
  expect(() => keeping({ keepBuffers: value as never })).toThrow(InvalidOptionError)
})

it('gives every use of a slot the same buffer, with the bytes that it begins with', async () => {
  await using engine = keeping()
  await using module = await engine.compile(program)
  const seen = new Set<ArrayBuffer>()
  for (let use = 0; use < 5; use++) {
    using instance = engine.instantiate(module)
    const { m, grow } = instance.exports as Exports
    seen.add(m.buffer)
    const bytes = new Uint8Array(m.buffer)
    expect(Buffer.from(bytes.subarray(8, 12)).toString()).toBe('warm')
    expect([bytes.length, bytes[0]]).toEqual([65_536, 0])
    bytes.fill(7)
    grow(2)
    expect(m.buffer.byteLength).toBe(3 * 65_536)
    expect(new Uint8Array(m.buffer)[65_535]).toBe(7)
    expect(new Uint8Array(m.buffer)[65_536]).toBe(0)
    seen.add(m.buffer)
  }
  expect([...seen].map((buffer) => buffer.byteLength)).toEqual([65_536, 3 * 65_536])
})

it('keeps the handle dead after release, and detaches all buffers at the end', async () => {
  const engine = keeping()
  const module = await engine.compile(program)
  const instance = engine.instantiate(module)
  const { m } = instance.exports as Exports
  const buffer: ArrayBuffer = m.buffer
  instance.release()
  expect(() => m.buffer).toThrow(InstanceReleasedError)
  expect(buffer.detached).toBe(false)
  await engine.close()
  expect(buffer.detached).toBe(true)
})

it('purges as ever', async () => {
  await using engine = keeping()
  const module = await engine.compile(program, { label: 'kept-buffers' })
  const instance = engine.instantiate(module)
  expect(new Uint8Array((instance.exports as Exports)['m'].buffer)[8]).toBe('w'.charCodeAt(0))
  instance.release()
  expect(mappingsOf('kept-buffers')).not.toEqual([])
  expect(await module.dispose()).toMatchObject({ complete: true })
  expect(mappingsOf('kept-buffers')).toEqual([])
})

it('detaches the one that was not wanted for the longest time when there are too many', async () => {
  await using engine = keeping()
  await using module = await engine.compile(program)
  using instance = engine.instantiate(module)
  const { m, grow } = instance.exports as Exports
  const first: ArrayBuffer = m.buffer
  const buffers: ArrayBuffer[] = []
  for (let size = 2; size <= 513; size++) {
    grow(1)
    buffers.push(m.buffer)
  }
  expect(first.detached).toBe(true)
  expect(buffers.filter(({ detached }) => detached)).toEqual([])
})

it.each([
  ['in its use', ''],
  ['after it', 'instance.release();'],
])('survives that one is transferred away %s, also beyond the engine', (_name, before) => {
  const { status, stderr, stdout } = runChild(`
    const engine = new warmslot.Engine({ slots: 1, maxMemoryBytes: 65_536, keepBuffers: true })
    const module = await engine.compile(${bytesOf('(module (memory (export "m") 1) (data (i32.const 0) "warm"))')})
    const instance = engine.instantiate(module)
    const { buffer } = instance.exports.m
    ${before}
    const moved = buffer.transfer()
    instance.release()
    const again = engine.instantiate(module)
    const bytes = new Uint8Array(again.exports.m.buffer)
    const text = Buffer.from(bytes.subarray(0, 4)).toString()
    again.release()
    await engine.close()
    new Uint8Array(moved).fill(1)
    console.log(text, moved.byteLength)
  `)
  expect({ status, stderr, stdout }).toEqual({ status: 0, stderr: '', stdout: 'warm 65536\n' })
})

it('has V8 collect no garbage for buffers that are as large as memories', () => {
  const { stdout, stderr } = runChild(`
    import { PerformanceObserver } from 'node:perf_hooks'
    import { setImmediate } from 'node:timers/promises'
    let collections = 0
    new PerformanceObserver((list) => (collections += list.getEntries().filter(({ detail }) => detail.kind !== 1).length))
      .observe({ entryTypes: ['gc'] })
    const engine = new warmslot.Engine({ slots: 1, maxMemoryBytes: 2 ** 28, keepBuffers: true })
    const module = await engine.compile(${bytesOf('(module (memory (export "m") 4096))')})
    for (let use = 0; use < 300; use++) {
      const instance = engine.instantiate(module)
      new Uint8Array(instance.exports.m.buffer)[use] = 1
      instance.release()
      await setImmediate()
    }
    await setImmediate()
    await engine.close()
    console.log(collections)
  `)
  expect(stderr).toBe('')
  // By default it does at most uses: each new buffer counts as 256 MiB of new memory.
  expect(Number(stdout)).toBeLessThan(30)
})
