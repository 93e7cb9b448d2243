/** What is wrong with the process or the options is said at the start, with what to do: never by a signal later. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

import { Engine } from '../src/index.ts'
import { type ChildOptions, runChild } from './support/child.ts'
import type { Exports } from './support/native.ts'
import { outcomeOf, thrownBy } from './support/outcome.ts'
import { wat } from './support/wat.ts'

/** What the child has to read to load the package. */
const repository = fileURLToPath(new URL('../../..', import.meta.url))

const module = wat(`(module (memory (export "m") 1) (func (export "load") (param i32) (result i32)
  (i32.load (local.get 0))))`)

/** Makes an engine and runs a module into a trap. */
const script = (options: string): string => `
  const engine = new warmslot.Engine(${options})
  const module = await engine.compile(new Uint8Array(${JSON.stringify([...module])}))
  const instance = engine.instantiate(module)
  let trap
  try { instance.exports.load(65536) } catch (error) { trap = error.message }
  console.log(trap)
  instance.release()
  await engine.close()`

describe('a process that cannot run pooled memories', () => {
  const processes: [string, ChildOptions, RegExp[]][] = [
    [
      'without the trap handler',
      { node: ['--disable-wasm-trap-handler'] },
      [/WARMSLOT_UNSUPPORTED_RUNTIME/, /--disable-wasm-trap-handler/],
    ],
    [
      'with explicit bounds checks',
      { node: ['--wasm-enforce-bounds-checks'] },
      [/WARMSLOT_UNSUPPORTED_RUNTIME/, /--wasm-enforce-bounds-checks/],
    ],
    [
      'with a permission model that forbids addons',
      { node: ['--permission', '--allow-fs-read=*'] },
      [/WARMSLOT_UNSUPPORTED_PLATFORM/, /--allow-addons/],
    ],
    [
      'with a permission model that forbids /proc',
      {
        node: ['--permission', '--allow-addons', `--allow-fs-read=${repository}`],
      },
      [/WARMSLOT_UNSUPPORTED_RUNTIME/, /--allow-fs-read=\/proc/],
    ],
    ['without WebAssembly', { node: ['--jitless'] }, [/WARMSLOT_UNSUPPORTED_RUNTIME/, /--jitless/]],
  ]
  it.each(processes)('%s', (_how, options, messages) => {
    const child = runChild(script('{ slots: 2 }'), options)
    expect([child.signal, child.status]).toEqual([null, 1])
    for (const message of messages) expect(child.stderr).toMatch(message)
    expect(child.stdout).toBe('')
  })

  // Node itself needs some 2 GiB, with a margin for its heap; a slot 8 or 10.
  it.each([12, 60, 200])('with %i GiB of address space', (gibibytes) => {
    const child = runChild(script('{ slots: 100 }'), { shell: `ulimit -v ${gibibytes * 2 ** 20}` })
    expect([child.signal, child.status]).toEqual([null, 1])
    expect(child.stderr).toMatch(/WARMSLOT_(UNSUPPORTED_RUNTIME|RESOURCE_LIMIT)/)
    expect(child.stderr).toMatch(/ulimit -v/)
  })

  it.runIf(Number(readFileSync('/proc/sys/vm/max_map_count', 'utf8')) < 80_000)(
    'whose mappings are taken',
    () => {
      const child = runChild(`
      const { createRequire } = await import('node:module')
      const { readFileSync } = await import('node:fs')
      const library = createRequire(import.meta.resolve('@warmslot/memory-image'))('koffi').load(null)
      const mmap = library.func('uintptr_t mmap(uintptr_t a, size_t n, int protection, int flags, int fd, int64_t o)')
      const mprotect = library.func('int mprotect(uintptr_t a, size_t n, int protection)')
      const limit = Number(readFileSync('/proc/sys/vm/max_map_count', 'latin1'))
      // Every other page of it becomes readable: each page is a mapping. All but 3,000 are taken.
      const pages = limit - 3000
      const base = mmap(0, 4096 * pages, 0, 0x22, -1, 0)
      for (let page = 0; page < pages; page += 2) if (mprotect(base + 4096 * page, 4096, 1) !== 0) throw new Error('mprotect')
      try { new warmslot.Engine({ slots: 500 }) } catch (error) { console.log(error.code, error.limit, error.message) }`)
      expect(child).toMatchObject({ signal: null, status: 0, stderr: '' })
      expect(child.stdout).toMatch(
        /^WARMSLOT_RESOURCE_LIMIT vm\.max_map_count .*`slots` to 0 or less.*sysctl -w/,
      )
    },
  )

  it('and one that can', () => {
    const child = runChild(script('{ slots: 2 }'))
    expect(child).toMatchObject({ stdout: 'memory access out of bounds\n', stderr: '', status: 0 })
  })

  it('and one with enough address space for some slots', () => {
    const child = runChild(script('{ slots: 2 }'), { shell: `ulimit -v ${4 * 2 ** 30}` })
    expect(child).toMatchObject({ stdout: 'memory access out of bounds\n', stderr: '', status: 0 })
  })

  it('and one that allows addons under the permission model', () => {
    const child = runChild(script('{ slots: 2 }'), {
      node: ['--permission', '--allow-fs-read=*', '--allow-addons'],
    })
    expect(child).toMatchObject({ stdout: 'memory access out of bounds\n', status: 0 })
  })
})

describe('options', () => {
  const limit = Number(readFileSync('/proc/sys/vm/max_map_count', 'utf8'))

  it.runIf(limit < 80_000)('more slots than the kernel has mappings for', () => {
    const error = thrownBy(() => new Engine({ slots: 16_000 }))
    expect(error.code).toBe('WARMSLOT_RESOURCE_LIMIT')
    expect(error.message).toMatch(/vm\.max_map_count/)
    const fitting = Number(/`slots` to (\d+)/.exec(error.message)?.[1])
    expect(fitting).toBeGreaterThan(100)
    // What the message advises is enough, unless address space is still shorter.
    const other = outcomeOf(() => new Engine({ slots: fitting }))
    if ('error' in other) expect(other.message).toMatch(/address space/)
  })

  const wrong: [string, object, RegExp][] = [
    ['slots', { slots: 0 }, /"slots" must be .* from 1 to 16000, but it is 0/],
    ['slots', { slots: 1.5 }, /1\.5/],
    ['slots', { slots: 16_001 }, /16001/],
    ['slots', { slots: '5' }, /"5"/],
    ['slots', { slots: Number.NaN }, /NaN/],
    ['maxMemoryBytes', { maxMemoryBytes: 0 }, /multiple of 65536/],
    ['maxMemoryBytes', { maxMemoryBytes: 65_537 }, /65537/],
    ['maxMemoryBytes', { maxMemoryBytes: 2 ** 32 + 65_536 }, /4294967296/],
    ['maxMemoryBytes', { maxMemoryBytes: 1n }, /it is of type bigint/],
    ['deadline', { deadline: true }, /there is none of that name/],
    ['keepResidentBytes', { keepResidentBytes: -1 }, /keepResidentBytes/],
    ['resetBatchSize', { resetBatchSize: 0 }, /resetBatchSize/],
    ['resetBatchSize', { resetBatchSize: 2_000 }, /resetBatchSize/],
  ]
  it.each(wrong)('%s of %o', (option, options, message) => {
    const error = thrownBy(() => new Engine(options)) as Error & { option?: string; code?: string }
    expect(error.code).toBe('WARMSLOT_INVALID_OPTION')
    expect(error.option).toBe(option)
    expect(error.message).toMatch(message)
  })

  it.each([[undefined], [null], ['text'], [5], [{}], [[0, 97, 115, 109]]])(
    '%o as a module',
    async (source) => {
      await using engine = new Engine({ slots: 1, maxMemoryBytes: 65_536 })
      await expect(engine.compile(source as never)).rejects.toMatchObject({
        code: 'WARMSLOT_INVALID_OPTION',
        option: 'source',
      })
    },
  )

  it('a label that is no text', async () => {
    await using engine = new Engine({ slots: 1, maxMemoryBytes: 65_536 })
    await expect(engine.compile(module, { label: 5 as never })).rejects.toMatchObject({ option: 'label' })
  })

  it('modules in any kind of buffer', async () => {
    await using engine = new Engine({ slots: 1, maxMemoryBytes: 65_536 })
    const shared = new SharedArrayBuffer(module.length)
    new Uint8Array(shared).set(module)
    const within = new Uint8Array(module.length + 10)
    within.set(module, 5)
    const sources = [
      module,
      module.slice().buffer,
      Buffer.from(module),
      new DataView(within.buffer, 5, module.length),
      shared as unknown as ArrayBuffer,
    ]
    for (const source of sources) {
      await using compiled = await engine.compile(source)
      engine.instantiate(compiled).release()
    }
  })

  it('the largest slot there is', async () => {
    await using engine = new Engine({ slots: 1, maxMemoryBytes: 2 ** 32 })
    await using compiled = await engine.compile(
      wat(`(module (memory (export "m") 1)
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
      (func (export "fill") (param i32 i32) (memory.fill (local.get 0) (i32.const 1) (local.get 1)))
      (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0))))`),
    )
    using instance = engine.instantiate(compiled)
    const { grow, fill, load, m } = instance.exports as Exports
    expect(grow(65_536)).toBe(-1)
    expect(grow(65_535)).toBe(1)
    expect(m.buffer.byteLength).toBe(2 ** 32)
    fill(-4, 4)
    expect(load(-1)).toBe(1)
    expect(() => fill(-4, 5)).toThrow(new WebAssembly.RuntimeError('memory access out of bounds'))
  })
})
