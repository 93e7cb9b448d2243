/**
 * Stack traces and custom sections as on plain V8: the module's own names, a helper's frame named by the instruction it
 * stands for, byte offsets that lead back to the original, sections byte for byte.
 */
import * as fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'

import { analyseModule } from '../src/binary/analyse-module.ts'
import { v8HeapLimits } from '../src/binary/heap-limits.ts'
import { parseModule } from '../src/binary/parse-module.ts'
import { Reader } from '../src/binary/reader.ts'
import { Writer } from '../src/binary/writer.ts'
import { Engine, type PooledModule } from '../src/index.ts'
import { type Exports, nativeInstance } from './support/native.ts'
import { assemble, programs, type Step, steps } from './support/random-program.ts'
import { supported, wat } from './support/wat.ts'

const engine = new Engine({ slots: 8, maxMemoryBytes: 64 * 65_536 })
afterAll(() => engine.close())

function complete<T>(work: Generator<void, T>): T {
  for (;;) {
    const step = work.next()
    if (step.done) return step.value
  }
}

interface Frame {
  readonly name: string
  readonly index: number
  readonly offset: number
}

/** The WebAssembly frames of a trap, innermost first; `undefined` where nothing traps. */
function framesOf(run: () => unknown): Frame[] | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    const pattern = /at (?:(\S+) \()?wasm:\/\/wasm\/[^\s:]+:wasm-function\[(\d+)\]:0x([0-9a-f]+)/g
    return Array.from((error as Error).stack!.matchAll(pattern), ([, name = '', index, offset]) => ({
      name,
      index: Number(index),
      offset: Number.parseInt(offset!, 16),
    }))
  }
}

/** Without the helpers' frames, with offsets of the original. */
function original(module: PooledModule, frames: readonly Frame[] | undefined): Frame[] | undefined {
  return frames?.flatMap((frame) => {
    const offset = module.originalOffset(frame.offset)
    return offset === undefined ? [] : [{ ...frame, offset }]
  })
}

function customSection(name: string, contents: Uint8Array): Uint8Array {
  return new Writer().section(0, new Writer().name(name).bytes(contents)).written
}

/** The module with custom sections put before its n-th section. */
function withSections(
  bytes: Uint8Array,
  added: readonly { readonly place: number; readonly name: string; readonly contents: Uint8Array }[],
): Uint8Array<ArrayBuffer> {
  const { sections } = complete(parseModule(bytes))
  const output = new Writer().bytes(bytes.subarray(0, 8))
  for (const [place, { whole }] of [...sections, { whole: { start: 0, end: 0 } }].entries()) {
    for (const one of added) if (one.place === place) output.bytes(customSection(one.name, one.contents))
    output.bytes(bytes.subarray(whole.start, whole.end))
  }
  return output.written.slice()
}

/** A trap at each place of a long body: which one traps is the argument. */
const trapsIn = (replaced: string): string =>
  Array.from(
    { length: 200 },
    (_, place) => `(if (i32.eq (local.get 0) (i32.const ${place})) (then unreachable)) ${replaced}`,
  ).join('')

const subsection = (id: number, contents: readonly number[]): number[] => [id, contents.length, ...contents]

describe('a stack trace', () => {
  const functions = {
    'memory.fill': '(memory.fill (i32.const 65530) (i32.const 0) (i32.const 100))',
    'memory.copy': '(memory.copy (i32.const 65530) (i32.const 0) (i32.const 100))',
    'memory.init': '(memory.init $passive (i32.const 65530) (i32.const 0) (i32.const 100))',
    'i32.atomic.load': '(drop (i32.atomic.load (i32.const 65536)))',
    'i64.atomic.load32_u': '(drop (i64.atomic.load32_u (i32.const 65536)))',
    'i32.atomic.store8': '(i32.atomic.store8 (i32.const 65536) (i32.const 1))',
    'i64.atomic.rmw16.cmpxchg_u':
      '(drop (i64.atomic.rmw16.cmpxchg_u (i32.const 65536) (i64.const 1) (i64.const 2)))',
    'i32.atomic.rmw.xchg': '(drop (i32.atomic.rmw.xchg (i32.const 65536) (i32.const 1)))',
    'memory.atomic.notify': '(drop (memory.atomic.notify (i32.const 65536) (i32.const 1)))',
    'memory.atomic.wait64': '(drop (memory.atomic.wait64 (i32.const 65536) (i64.const 1) (i64.const 1)))',
    'table.get': '(drop (table.get $t (i32.const 9)))',
    'table.set': '(table.set $t (i32.const 9) (ref.null extern))',
    'table.fill': '(table.fill $t (i32.const 1) (ref.null extern) (i32.const 9))',
  }
  const instructions = Object.keys(functions) as (keyof typeof functions)[]
  const text = (
    moduleName: string,
  ): string => `(module ${moduleName} (memory 1) (table $t 2 externref) (data $passive "passive")
    ${instructions.map((name, index) => `(func $own_${index} ${functions[name]} (drop (memory.size)))`).join('\n')}
    (func $load (drop (i32.load (i32.const 65536))))
    (func $plain unreachable)
    (func $inner (call $own_0)) (func $outer (call $inner))
    ${instructions.map((_, index) => `(export "${index}" (func $own_${index}))`).join('\n')}
    (export "load" (func $load)) (export "plain" (func $plain)) (export "outer" (func $outer)))`

  it.each([
    ['with names', '', true, ''],
    ['with names and the module’s', '$module', true, 'module.'],
    ['without names', '', false, ''],
  ])('%s', async (_how, moduleName, named, prefix) => {
    const own = (name: string): string => (named ? prefix + name : '')
    const bytes = wat(text(moduleName), named)
    await using module = await engine.compile(bytes)
    using instance = engine.instantiate(module)
    const native = nativeInstance(bytes).exports as Exports
    const pooled = instance.exports as Exports
    for (const [index, name] of instructions.entries()) {
      const expected = framesOf(native[index]!)!
      const found = framesOf(pooled[index]!)!
      expect(expected.map((frame) => frame.name)).toEqual([own(`own_${index}`)])
      expect(found.map((frame) => frame.name)).toEqual([prefix + name, own(`own_${index}`)])
      expect(original(module, found)).toEqual(expected)
    }
    for (const name of ['load', 'plain']) {
      const found = framesOf(pooled[name])
      expect(found).toHaveLength(1)
      expect(original(module, found)).toEqual(framesOf(native[name]))
    }
    const deep = framesOf(pooled['outer'])!
    expect(deep.map((frame) => frame.name)).toEqual([
      `${prefix}memory.fill`,
      ...['own_0', 'inner', 'outer'].map(own),
    ])
    expect(original(module, deep)).toEqual(framesOf(native['outer']))
  })

  it('every atomic instruction has its name', async () => {
    const { helperName } = await import('../src/binary/helper-names.ts')
    const names = [0, 1, 2, ...Array.from({ length: 63 }, (_, index) => 0x10 + index)].map((opcode) => ({
      opcode,
      name: helperName({
        kind: 'atomic',
        memory: 0,
        is64: false,
        second64: false,
        second: 0,
        opcode,
        offset: 0n,
      }),
    }))
    for (const { opcode, name } of names) {
      // The assembler knows them too: its bytes hold the opcode.
      const operands = name.includes('cmpxchg') || name.includes('wait') ? 3 : /load/.test(name) ? 1 : 2
      const type = name.startsWith('i64') ? 'i64' : 'i32'
      const rest = name.includes('wait')
        ? [name.endsWith('64') ? '(i64.const 0)' : '(i32.const 0)', '(i64.const 0)']
        : Array<string>(operands - 1).fill(`(${type}.const 0)`)
      const effect = `(${name} (i32.const 0) ${rest.join(' ')})`
      const store = name.includes('atomic.store')
      const bytes = Buffer.from(wat(`(module (memory 1) (func ${store ? effect : `(drop ${effect})`}))`))
      expect(bytes.includes(Buffer.from([0xfe, opcode])), name).toBe(true)
    }
    expect(new Set(names.map(({ name }) => name)).size).toBe(66)
  })

  it('byte offsets lead to the same instructions: arbitrary programs', async () => {
    const counts = { traps: 0, inHelpers: 0, inModulesWithoutPatches: 0 }
    const scene = programs.chain((program) => steps(program).map((list) => ({ program, list })))
    await fc.assert(
      fc.asyncProperty(scene, async ({ program, list }) => {
        const bytes = assemble(program)
        if (!supported(bytes)) return
        const unpatched = program.functions.flat().every(({ text: one }) => /^(load|store|drop)/.test(one))
        await using module = await engine.compile(bytes)
        let native: WebAssembly.Instance
        try {
          native = nativeInstance(bytes)
        } catch {
          return
        }
        using instance = engine.instantiate(module)
        for (const step of list as Step[]) {
          if (step.kind !== 'call') continue
          const call = (exports: WebAssembly.Exports) => (): unknown =>
            (exports as Exports)[`f${step.function}`](step.a, step.b, step.c, step.x, ...step.wide)
          const expected = framesOf(call(native.exports))
          const found = framesOf(call(instance.exports))
          expect(original(module, found)).toEqual(expected)
          if (!expected) continue
          counts.traps += 1
          counts.inHelpers += found!.length - expected.length
          if (unpatched) counts.inModulesWithoutPatches += 1
        }
      }),
      { numRuns: Number(process.env['WARMSLOT_TRACE_RUNS'] ?? 300) },
    )
    expect(counts.traps).toBeGreaterThan(100)
    expect(counts.inHelpers).toBeGreaterThan(20)
    expect(counts.inModulesWithoutPatches).toBeGreaterThan(3)
    console.log(`traces: ${JSON.stringify(counts)}`)
  })

  it('code that V8 has optimised: the helpers may be inlined', async () => {
    const bytes = wat(
      `(module (memory 1) (func $hot (param i32 i32) (memory.fill (local.get 0) (i32.const 1) (local.get 1)))
      (func (export "f") (param $n i32)
        (loop (call $hot (local.get $n) (i32.const 8))
          (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (call $hot (i32.const 65530) (i32.const 8))))`,
      true,
    )
    await using module = await engine.compile(bytes)
    using instance = engine.instantiate(module)
    const native = nativeInstance(bytes).exports as Exports
    for (let round = 0; round < 40; round += 1) {
      const found = framesOf(() => (instance.exports as Exports)['f'](60_000))!
      expect(found).toHaveLength(3)
      expect(found[0]!.name).toBe('memory.fill')
      expect(original(module, found)).toEqual(framesOf(() => native['f'](1)))
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  })

  it('every instruction of a function has its offset, also where none is replaced', async () => {
    for (const replaced of [
      '',
      '(drop (memory.size))',
      '(drop (memory.grow (i32.const 0)))',
      '(memory.fill (i32.const 0) (i32.const 0) (i32.const 0))',
    ]) {
      const bytes =
        wat(`(module (memory 1) (func (param i32)) (func (export "f") (param i32) ${trapsIn(replaced)})
        (func (export "g") (param i32) ${trapsIn('')}))`)
      await using module = await engine.compile(bytes)
      using instance = engine.instantiate(module)
      const native = nativeInstance(bytes).exports as Exports
      for (const name of ['f', 'g']) {
        for (let place = 0; place < 200; place += 1) {
          const found = framesOf(() => (instance.exports as Exports)[name](place))
          expect(original(module, found)).toEqual(framesOf(() => native[name](place)))
        }
      }
      for (const outside of [-1, 0, 8, 2 ** 31, 2 ** 32, Number.NaN, 0.5])
        expect(module.originalOffset(outside)).toBeUndefined()
    }
  })
})

describe('custom sections', () => {
  const plain = wat(`(module (memory 1) (data (i32.const 0) "x")
    (func (export "f") (memory.fill (i32.const 65536) (i32.const 0) (i32.const 1))))`)
  const own = [1, 0, 3, ...Buffer.from('own')]
  const names: [string, number[], wellFormed?: boolean][] = [
    ['the usual one', [...subsection(0, [1, 0x6d]), ...subsection(1, own), ...subsection(2, [0])]],
    ['only functions', subsection(1, own)],
    ['no functions', [...subsection(0, [1, 0x6d]), ...subsection(2, [0])]],
    ['an empty one', []],
    ['no names', subsection(1, [0])],
    ['sizes that are longer than needed', [1, 0x88, 0x80, 0, 0x81, 0x80, 0, ...own.slice(1)]],
    ['unknown subsections', [...subsection(1, own), ...subsection(99, [1, 2, 3])]],
    ['a subsection beyond the end', [1, 50, ...own], false],
    ['a count beyond the end', subsection(1, [9, ...own.slice(1)]), false],
    ['a function that is not there', subsection(1, [1, 7, 1, 0x61]), false],
    ['functions twice', [...subsection(1, own), ...subsection(1, own)], false],
    ['bytes left over', subsection(1, [...own, 0]), false],
    ['nonsense', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff], false],
  ]
  it.each(names)('a name section with %s', async (_what, contents, wellFormed = true) => {
    const { sections } = complete(parseModule(plain))
    for (const place of [0, 3, sections.length]) {
      const bytes = withSections(plain, [{ place, name: 'name', contents: Uint8Array.from(contents) }])
      expect(supported(bytes)).toBe(true)
      await using module = await engine.compile(bytes)
      const native = nativeInstance(bytes).exports as Exports
      const expected = WebAssembly.Module.customSections(new WebAssembly.Module(bytes), 'name')
      expect(expected).toHaveLength(1)
      expect(module.customSections('name')).toEqual(expected)
      using instance = engine.instantiate(module)
      const found = framesOf((instance.exports as Exports)['f'])!
      expect(original(module, found)).toEqual(framesOf(native['f']))
      if (wellFormed) expect(found[0]!.name).toMatch(/^(m\.)?memory\.fill$/)
    }
  })

  const anywhere = fc.array(
    fc.record({
      place: fc.nat({ max: 7 }),
      name: fc.oneof(
        fc.constantFrom('name', 'name', 'producers', '', '.debug_line', 'sourceMappingURL'),
        fc.string(),
      ),
      contents: fc.oneof(
        fc.uint8Array({ maxLength: 300 }),
        fc.constantFrom(...names.map(([, bytes]) => Uint8Array.from(bytes))),
      ),
    }),
    { maxLength: 8 },
  )

  it('any of any name anywhere: the same contents, in place', async () => {
    await fc.assert(
      fc.asyncProperty(anywhere, async (added) => {
        const bytes = withSections(plain, added)
        const native = new WebAssembly.Module(bytes)
        await using module = await engine.compile(bytes)
        for (const name of ['name', 'producers', '', 'none', ...added.map((one) => one.name)]) {
          expect(module.customSections(name)).toEqual(WebAssembly.Module.customSections(native, name))
        }
        // In the rewritten bytes: between the same sections, byte for byte, but for the first name section.
        const { rewritten } = complete(
          analyseModule(bytes, () => undefined, {
            sharedTables: false,
            deadlines: false,
            heapLimits: v8HeapLimits,
          }),
        )
        const custom = (source: Uint8Array): string[] => {
          let last = 0
          let seen = false
          return complete(parseModule(source)).sections.flatMap(({ id, whole, contents }) => {
            if (id !== 0) {
              // Sections that the rewrite adds or leaves out do not count.
              if ([1, 3, 10].includes(id)) last = id
              return []
            }
            const isFirst = !seen && new Reader(source, contents.start, contents.end).name() === 'name'
            seen ||= isFirst
            return isFirst
              ? []
              : [`${last} ${Buffer.from(source.subarray(whole.start, whole.end)).toString('hex')}`]
          })
        }
        expect(custom(rewritten)).toEqual(custom(bytes))
      }),
      { numRuns: 200 },
    )
  })

  it('are copies, and ask for a name as V8 does', async () => {
    const bytes = withSections(plain, [{ place: 0, name: 'mine', contents: Uint8Array.of(1, 2, 3) }])
    await using module = await engine.compile(bytes)
    new Uint8Array(module.customSections('mine')[0]!).fill(0)
    expect(module.customSections('mine')).toEqual([Uint8Array.of(1, 2, 3).buffer])
    expect(() => module.customSections(undefined as never)).toThrow(TypeError)
    expect(module.customSections({ toString: () => 'mine' } as never)).toHaveLength(1)
  })
})
