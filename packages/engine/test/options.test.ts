/** Options of calls: one that does not exist is an error, so that nobody believes in a misspelled safeguard. */
import { afterAll, describe, expect, it } from 'vitest'

import { Engine, InvalidOptionError, UnsupportedModuleError } from '../src/index.ts'
import { wat } from './support/wat.ts'

const engine = new Engine({ slots: 1, maxMemoryBytes: 65_536, deadlines: true })
afterAll(() => engine.close())
const bytes = wat('(module (memory 1))')

describe('of compile', () => {
  it.each([
    [{ lable: 'x' }, InvalidOptionError],
    [{ label: 5 }, InvalidOptionError],
    [{ sharedTables: 'yes' }, InvalidOptionError],
    [{ builtins: ['js-string'] }, UnsupportedModuleError],
  ])('%j', async (options, error) => {
    await expect(engine.compile(bytes, options as never)).rejects.toThrow(error)
  })
})

describe('of instantiate', () => {
  it.each([{ deadlineMS: 5 }, { waitMs: 5 }, { deadlineMs: 0 }])('%j', async (options) => {
    await using module = await engine.compile(bytes)
    expect(() => engine.instantiate(module, {}, options as never)).toThrow(InvalidOptionError)
    expect(engine.metrics().pool.inUse).toBe(0)
  })
})

describe('of instantiateWhenFree', () => {
  it.each([{ timeout: 5 }, { deadlineMs: Number.NaN }, { waitMs: -1 }])('%j', async (options) => {
    await using module = await engine.compile(bytes)
    await expect(engine.instantiateWhenFree(module, {}, options as never)).rejects.toThrow(InvalidOptionError)
    expect(engine.metrics().pool.inUse).toBe(0)
  })

  it('all that there are', async () => {
    await using module = await engine.compile(bytes)
    const { signal } = new AbortController()
    using instance = await engine.instantiateWhenFree(module, {}, { waitMs: 5, deadlineMs: 5000, signal })
    expect(instance.released).toBe(false)
  })
})
