/**
 * The README's table of features is what the engine does: each row is made from a module that uses the feature, and this
 * test holds the README against the rows. `WARMSLOT_WRITE_README=1` writes them into it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, expect, it } from 'vitest'

import { Engine, UnsupportedModuleError } from '../src/index.ts'
import { memory64Pooled } from './support/memory64.ts'
import { rawModule } from './support/raw-module.ts'
import { supported, wat } from './support/wat.ts'

const engine = new Engine({ slots: 2, maxMemoryBytes: 2 ** 20 })
afterAll(() => engine.close())

const page = (text: string): Uint8Array<ArrayBuffer> => wat(`(module (memory 1) ${text})`)

// Types of the GC proposal: 0 is (struct (field (mut i32))), 1 takes nothing and returns it, 2 changes it.
const structs = [
  [0x5f, 0x01, 0x7f, 0x01],
  [0x60, 0x00, 0x01, 0x64, 0x00],
  [0x60, 0x01, 0x64, 0x00, 0x00],
]

const features: readonly (readonly [name: string, bytes: Uint8Array<ArrayBuffer>])[] = [
  ['memory that grows', page('(func (drop (memory.grow (i32.const 1))))')],
  ['memory that is imported', wat('(module (import "m" "m" (memory 1)))')],
  [
    'data at an imported offset',
    wat('(module (import "m" "g" (global $g i32)) (memory 1) (data (global.get $g) "x"))'),
  ],
  [
    'bulk memory, passive segments',
    page('(data $d "x") (func (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1)))'),
  ],
  ['segments that are dropped', page('(data $d "x") (func (data.drop $d))')],
  ['several memories', wat('(module (memory 1) (memory 1))')],
  ['memory64, in Node 24 and later', wat('(module (memory i64 1))')],
  [
    'mutable globals of any type',
    page('(global $v (mut v128) (v128.const i64x2 0 0)) (func (global.set $v (v128.const i64x2 1 1)))'),
  ],
  ['start functions', page('(func $s) (start $s)')],
  ['SIMD', page('(func (drop (v128.load (i32.const 0))))')],
  ['relaxed SIMD', page('(func (param v128) (result v128) (i32x4.relaxed_trunc_f32x4_s (local.get 0)))')],
  ['atomics on a memory that is not shared', page('(func (drop (i32.atomic.load (i32.const 0))))')],
  ['tail calls', page('(func $f (return_call $f))')],
  ['exceptions, by the legacy proposal', page('(tag $t) (func (try (do (throw $t)) (catch_all)))')],
  [
    'exceptions (`try_table`)',
    rawModule({
      types: [[0x60, 0x00, 0x00]],
      functions: [{ type: 0, code: [0x1f, 0x40, 0x01, 0x02, 0x00, 0x0b] }],
    }),
  ],
  ['a tag that is exported', page('(tag (export "t"))')],
  [
    'a table of functions, called through',
    page('(table 1 funcref) (type $t (func)) (func (call_indirect (type $t) (i32.const 0)))'),
  ],
  [
    'a table of functions that the code changes',
    page('(table 1 funcref) (func (table.set (i32.const 0) (ref.null func)))'),
  ],
  [
    'a table of JavaScript values that grows',
    page('(table 1 externref) (func (drop (table.grow (ref.null extern) (i32.const 1))))'),
  ],
  ['a table that is imported', wat('(module (import "m" "t" (table 1 funcref)) (memory 1))')],
  [
    'a table64',
    rawModule({
      types: [[0x60, 0x00, 0x00]],
      tables: [[0x70, 0x04, 0x01]],
      functions: [{ type: 0, code: [] }],
    }),
  ],
  [
    'GC objects that do not change',
    rawModule({ types: structs, functions: [{ type: 1, code: [0xfb, 0x01, 0x00] }] }),
  ],
  [
    'GC objects that change',
    rawModule({
      types: structs,
      functions: [{ type: 2, code: [0x20, 0x00, 0x41, 0x01, 0xfb, 0x05, 0x00, 0x00] }],
    }),
  ],
  [
    'GC objects with functions in them',
    rawModule({
      types: [
        [0x60, 0x00, 0x00],
        [0x5f, 0x01, 0x70, 0x00],
      ],
      functions: [{ type: 0, code: [] }],
    }),
  ],
  ['no memory', wat('(module (func))')],
  ['a memory larger than a slot', wat('(module (memory 17))')],
  ['shared memory', wat('(module (memory 1 1 shared))')],
]

/** As the formatter leaves it, without the padding of its columns. */
const plain = (text: string): string => text.replaceAll(/ +/g, ' ')

async function rowOf(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  try {
    const module = await engine.compile(bytes)
    const how =
      module.freshReason === undefined
        ? 'pooled'
        : `pooled, a fresh instance for each use: ${module.freshReason}`
    await module.dispose()
    return `| ${name} | ${how} |`
  } catch (error) {
    if (!UnsupportedModuleError.isInstance(error)) throw error
    return `| ${name} | refused: ${error.feature} |`
  }
}

it('the README says of each feature what the engine does with it', async () => {
  const file = new URL('../README.md', import.meta.url)
  const readme = readFileSync(file, 'utf8')
  const section = /(?<=<!-- features:begin -->\n)[^]*(?=<!-- features:end -->)/.exec(readme)?.[0] ?? ''
  const rows: string[] = []
  for (const [name, bytes] of features) {
    // What this V8 does not know is for the runs on others to say.
    if (!supported(bytes) || (name.startsWith('memory64') && !memory64Pooled)) continue
    const row = await rowOf(name, bytes)
    rows.push(row)
    if (process.env['WARMSLOT_WRITE_README'] === undefined) expect(plain(section)).toContain(row)
  }
  expect(rows.length).toBeGreaterThan(20)
  if (process.env['WARMSLOT_WRITE_README'] !== undefined) {
    const table = ['| a module with | is |', '| --- | --- |', ...rows].join('\n')
    writeFileSync(file, readme.replace(section, `\n${table}\n\n`))
  } else expect(section.match(/^\| (?!a module with|-)/gm)).toHaveLength(features.length)
})
