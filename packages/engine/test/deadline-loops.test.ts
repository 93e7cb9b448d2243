/**
 * Loops by every instruction that leads back, and loops that look as if they counted to a constant but do not end. In child
 * processes: what is not stopped runs for ever.
 */
import { expect, it } from 'vitest'

import { analyseModule } from '../src/binary/analyse-module.ts'
import { v8HeapLimits } from '../src/binary/heap-limits.ts'
import { runChild } from './support/child.ts'
import { rawModule } from './support/raw-module.ts'
import { wat } from './support/wat.ts'

const loops: Record<string, string> = {
  br: '(loop (br 0))',
  br_if: '(loop (br_if 0 (i32.const 1)))',
  'br_if that leaves, br that goes on': '(block (loop (br_if 1 (local.get 0)) (br 0)))',
  'br_if from within blocks': '(loop (block (block (if (i32.const 1) (then (br_if 3 (i32.const 1)))))))',
  'br_if to a loop of values':
    '(drop (loop (result i32) (i32.const 1) (loop (param i32) (result i32) (br_if 0 (i32.const 1)))))',
  'br_if right behind a call': '(loop (br_if 0 (call $one)))',
  'the outer of two loops': '(loop (loop (br_if 0 (local.get 0))) (br 0))',
  'a branch past the inner loop': '(loop (loop (br_if 1 (i32.const 1)) (br_if 0 (local.get 0))))',
  br_table: '(loop (block (br_table 0 1 (i32.const 1))))',
  'br_table, and br that is never taken':
    '(loop (br_if 0 (local.get 0)) (block (br_table 0 1 (i32.const 1))))',
  'twenty branches': `(loop ${'(br_if 0 (local.get 0))'.repeat(19)} (br_if 0 (i32.const 1)))`,
  'try, catch_all': '(loop (try (do (throw $tag)) (catch_all (br 1))))',
  'delegate within': '(loop (try (do (try (do (throw $tag)) (delegate 0))) (catch_all)) (br 0))',
  'deep in unreachable code': '(loop (br 0) (loop (br_if 1 (unreachable)) (br 0)))',
  'a counter that is set back': `(loop (if (i32.lt_u (local.get 1) (i32.const 9)) (then
    (local.set 1 (i32.const 0)) (local.set 1 (i32.add (local.get 1) (i32.const 1))) (br 1))))`,
  'a counter that is set back by a tee': `(loop (if (i32.lt_u (local.get 1) (i32.const 9)) (then
    (drop (local.tee 1 (i32.const 0))) (local.set 1 (i32.add (local.get 1) (i32.const 1))) (br 1))))`,
  'a counter that a call sets back': `(loop (if (i32.lt_u (global.get $g) (i32.const 9)) (then
    (call $back) (global.set $g (i32.add (global.get $g) (i32.const 1))) (br 1))))`,
  'a counter that an inner loop holds': `(loop (if (i32.lt_u (local.get 1) (i32.const 9)) (then
    (loop (br_if 0 (i32.const 1))) (local.set 1 (i32.add (local.get 1) (i32.const 1))) (br 1))))`,
  'steps of nothing': `(loop (if (i32.lt_u (local.get 1) (i32.const 9)) (then
    (local.set 1 (i32.add (local.get 1) (i32.const 0))) (br 1))))`,
  'steps backward': `(local.set 1 (i32.const 5)) (loop (if (i32.lt_u (local.get 1) (i32.const 9)) (then
    (local.set 1 (i32.add (local.get 1) (i32.const -1))) (local.set 1 (i32.and (local.get 1) (i32.const 7))) (br 1))))`,
  'steps beyond 2^32': `(loop (if (i32.lt_u (local.get 1) (i32.const -2)) (then
    (local.set 1 (i32.add (local.get 1) (i32.const 5))) (br 1))))`,
  'a step of another counter': `(loop (if (i32.lt_u (local.get 1) (i32.const 9)) (then
    (local.set 2 (i32.add (local.get 1) (i32.const 1))) (br 1))))`,
  'a step from another counter': `(loop (if (i32.lt_u (local.get 1) (i32.const 9)) (then
    (local.set 1 (i32.add (local.get 2) (i32.const 1))) (br 1))))`,
  'a way around the step': `(loop (if (i32.lt_u (local.get 1) (i32.const 9)) (then
    (if (i32.eqz (local.get 0)) (then) (else (local.set 1 (i32.add (local.get 1) (i32.const 1))))) (br 1))))`,
  'a step after which the counter does not decide': `(loop (if (i32.lt_u (local.get 1) (i32.const 9)) (then)
    (else (local.set 1 (i32.add (local.get 1) (i32.const 1)))  (br 1))) (local.set 1 (i32.const 9)) (br 0))`,
  'a branch back in the other arm': `(local.set 1 (i32.const 10)) (loop (if (i32.lt_u (local.get 1) (i32.const 9)) (then)
    (else (local.set 1 (i32.add (local.get 1) (i32.const 1))) (br 1))))`,
  'counted, within one that is not':
    '(loop (local.set 1 (i32.const 0)) (loop (if (i32.lt_u (local.get 1) (i32.const 9)) (then (local.set 1 (i32.add (local.get 1) (i32.const 1))) (br 1)))) (br 0))',
  'counted, but for minutes': `(loop (if (i32.lt_u (local.get 1) (i32.const -16)) (then ${'(global.set $h (i32.add (i32.mul (global.get $h) (i32.const 3)) (local.get 1)))'.repeat(40)}
    (local.set 1 (i32.add (local.get 1) (i32.const 1))) (br 1))))`,
}

const moduleOf = (loop: string): string => `(module (memory 1) (tag $tag) (global $g (mut i32) (i32.const 0))
  (global $h (export "h") (mut i32) (i32.const 0)) (elem declare func $one)
  (func $one (result i32) (i32.const 1)) (func $back (global.set $g (i32.const 0)))
  (func (export "run") (param i32) (local i32 i32) ${loop}))`

/** What the assembler does not know. `f0` is of type 0, `() -> ()`, and `f1` gives a number. */
const rawLoops: Record<string, number[]> = {
  // loop, ref.null func, br_on_null 0, drop, end
  br_on_null: [0x03, 0x40, 0xd0, 0x70, 0xd5, 0, 0x1a, 0x0b],
  // block (result (ref func)), ref.func 0, loop (param (ref func)), br_on_non_null 0, ref.func 0, end, end, drop
  br_on_non_null: [0xd2, 0, 0x03, 2, 0xd4, 0xd6, 0, 0x0b],
  // i32.const 0, ref.i31, loop (param (ref null any)), br_on_cast 0 (ref null any) (ref null i31), drop, end
  br_on_cast: [0x41, 0, 0xfb, 0x1c, 0x03, 3, 0xfb, 0x18, 3, 0, 0x6e, 0x6c, 0x1a, 0x0b],
  // i32.const 0, ref.i31, loop (param (ref null any)), br_on_cast_fail 0 (ref null any) (ref null struct), drop, end
  br_on_cast_fail: [0x41, 0, 0xfb, 0x1c, 0x03, 3, 0xfb, 0x19, 3, 0, 0x6e, 0x6b, 0x1a, 0x0b],
  // loop, try_table catch_all 0, throw 0, end, end
  'a catch of try_table': [0x03, 0x40, 0x1f, 0x40, 1, 2, 0, 0x08, 0, 0x0b, 0x0b],
}

const rawTypes = [
  [0x60, 0, 0],
  [0x60, 0, 1, 0x7f],
  [0x60, 1, 0x70, 0], // (param funcref)
  [0x60, 1, 0x6e, 0], // (param anyref)
]

const modules: [string, Uint8Array<ArrayBuffer>, string][] = [
  ...Object.entries(loops).map(([name, loop]): (typeof modules)[number] => [
    name,
    wat(moduleOf(loop)),
    'run',
  ]),
  ...Object.entries(rawLoops).map(([name, code]): (typeof modules)[number] => [
    name,
    rawModule({ types: rawTypes, tags: [0], functions: [{ type: 0, code }], declared: [0] }),
    'f0',
  ]),
]

it.each(modules)('%s: is stopped', (_name, bytes, run) => {
  const child = runChild(`
    const engine = new warmslot.Engine({ slots: 1, maxMemoryBytes: 2 ** 18, deadlines: true })
    const module = await engine.compile(Buffer.from('${Buffer.from(bytes).toString('base64')}', 'base64'))
    const instance = engine.instantiate(module, {}, { deadlineMs: 20 })
    try { instance.exports.${run}(0) } catch (error) { console.log(error.code) }
    process.exit()`)
  expect([child.signal, child.status, child.stderr]).toEqual([null, 0, ''])
  expect(child.stdout.trim()).toBe('WARMSLOT_DEADLINE_EXCEEDED')
})

const analysed = (loop: string): boolean => {
  const steps = analyseModule(wat(moduleOf(loop)), () => undefined, {
    sharedTables: false,
    deadlines: true,
    heapLimits: v8HeapLimits,
  })
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value.analysis.checksDeadlines
  }
}

it.each([
  [
    'counts to a constant',
    `(loop (if (i32.lt_u (local.get 1) (i32.const 64)) (then
      (global.set $h (local.get 1)) (local.set 1 (i32.add (local.get 1) (i32.const 1))) (br 1))))`,
  ],
  [
    'counts a global to a constant',
    `(loop (if (i32.lt_u (global.get $g) (i32.const 64)) (then
      (global.set $h (local.get 1)) (global.set $g (i32.add (global.get $g) (i32.const 4))) (br 1))))`,
  ],
  ['never leads back', '(loop (global.set $h (i32.const 1)))'],
])('what %s costs nothing', (_name, loop) => {
  expect(analysed(loop)).toBe(false)
  expect(analysed(`${loop} (loop (br_if 0 (local.get 0)))`)).toBe(true)
})
