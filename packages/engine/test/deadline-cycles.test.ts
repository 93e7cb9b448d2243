/**
 * Calls that come back to where they began by ways that no single function shows: each kind of reference, tables that
 * the host fills, and tables that two modules share. In child processes: what is not stopped runs for ever.
 */
import { deflateSync } from 'node:zlib'
import { expect, it } from 'vitest'

import { runChild } from './support/child.ts'
import { wat } from './support/wat.ts'

const next = '(type $f (func)) (func $next (return_call_indirect (type $f) (i32.const 0)))'

const cycles: [string, string, string?][] = [
  [
    'an element segment',
    `(module (memory 1) (table 1 funcref) ${next} (elem (i32.const 0) $next) (export "run" (func $next)))`,
  ],
  [
    'an element segment of expressions',
    `(module (memory 1) (table 1 funcref) ${next} (elem (i32.const 0) funcref (ref.func $next)) (func (export "run") (call $next)))`,
  ],
  [
    'a passive element segment',
    `(module (memory 1) (table 1 funcref) ${next} (elem $e funcref (ref.func $next))
      (func (export "run") (table.init $e (i32.const 0) (i32.const 0) (i32.const 1)) (call $next)))`,
  ],
  [
    'a declared reference that the code stores',
    `(module (memory 1) (table 1 funcref) ${next} (elem declare func $next)
      (func (export "run") (table.set (i32.const 0) (ref.func $next)) (call $next)))`,
  ],
  [
    'a global',
    `(module (memory 1) (table 1 funcref) ${next} (global $g funcref (ref.func $next))
      (func (export "run") (table.set (i32.const 0) (global.get $g)) (call $next)))`,
  ],
  [
    'an export that the host puts into a table',
    `(module (memory 1) (table (export "table") 1 funcref) ${next} (export "next" (func $next)) (func (export "run") (call $next)))`,
    'instance.exports.table.set(0, instance.exports.next)',
  ],
  [
    'functions in between',
    `(module (memory 1) (table 1 funcref) ${next} (func $a (return_call $b)) (func $b (return_call $next)) (elem (i32.const 0) $a)
      (func (export "run") (call $a)))`,
  ],
  [
    'a tree of indirect calls without a cycle',
    `(module (memory 1) (type $f (func)) (table 41 funcref)
      (elem (i32.const 0) ${Array.from({ length: 41 }, (_, depth) => `$f${depth}`).join(' ')}) (func $f0)
      ${Array.from({ length: 40 }, (_, depth) => `(func $f${depth + 1} ${`(call_indirect (type $f) (i32.const ${depth}))`.repeat(2)})`).join('\n')}
      (export "run" (func $f40)))`,
  ],
]

const encode = (text: string): string =>
  `Buffer.from('${Buffer.from(wat(text)).toString('base64')}', 'base64')`

it.each(cycles)('through %s', (_way, text, prepare = '') => {
  const child = runChild(`
    const engine = new warmslot.Engine({ slots: 2, maxMemoryBytes: 65536, deadlines: true })
    const module = await engine.compile(${encode(text)})
    const instance = engine.instantiate(module, {}, { deadlineMs: 50 })
    ${prepare}
    try { instance.exports.run() } catch (error) { console.log(error.code) }
    process.exit()`)
  expect([child.signal, child.status, child.stderr]).toEqual([null, 0, ''])
  expect(child.stdout.trim()).toBe('WARMSLOT_DEADLINE_EXCEEDED')
})

it('through a table that two modules share, without a loop in either', () => {
  const one = `(module (memory 1) (type $f (func)) (table (export "table") 2 funcref) (elem (i32.const 0) $f)
    (func $f (export "run") (return_call_indirect (type $f) (i32.const 1))))`
  const other = `(module (import "one" "table" (table 2 funcref)) (import "one" "run" (func $run)) (memory 1) (type $f (func))
    (elem (i32.const 1) $g) (func $g (return_call $run)))`
  const child = runChild(`
    const engine = new warmslot.Engine({ slots: 2, maxMemoryBytes: 65536, deadlines: true })
    const [one, other] = [await engine.compile(${encode(one)}), await engine.compile(${encode(other)})]
    const first = engine.instantiate(one, {}, { deadlineMs: 50 })
    engine.instantiate(other, { one: first.exports })
    try { first.exports.run() } catch (error) { console.log(error.code) }
    process.exit()`)
  expect([child.signal, child.status, child.stderr]).toEqual([null, 0, ''])
  expect(child.stdout.trim()).toBe('WARMSLOT_DEADLINE_EXCEEDED')
})

/** An argument of a program may have 128 KiB. */
const encodeLong = (text: string): string =>
  `process.getBuiltinModule('node:zlib').inflateSync(Buffer.from('${deflateSync(wat(text)).toString('base64')}', 'base64'))`

const depth = 3_000

/** A tenth of a millisecond's work without a loop. */
const work = '(global.set $h (i32.add (i32.mul (global.get $h) (i32.const 3)) (local.get 0)))'.repeat(12_000)

it.each([
  ['straight on', work],
  ['in one of two arms', `(if (i32.and (local.get 0) (i32.const 1)) (then ${work}) (else ${work}))`],
  ['behind a way out that is not taken', `(block (br_if 0 (i32.eqz (global.get $h))) ${work})`],
  [
    'in one of the cases of a switch',
    `(block (block (block (br_table 0 1 2 (i32.const 1))) (return)) ${work})`,
  ],
  ['in another function', '(call $work (local.get 0))'],
  ['within a try', `(try (do ${work}) (catch_all))`],
])('recursion, and the work is done on the way back: %s', (_way, behind) => {
  const text = `(module (memory 1) (global $h (mut i32) (i32.const 1)) (global $back (export "back") (mut i32) (i32.const 0)) (func $work (param i32) ${work})
    (func $f (export "run") (param i32)
      (if (i32.eqz (local.get 0)) (then (return))) (call $f (i32.sub (local.get 0) (i32.const 1)))
      (global.set $back (i32.add (global.get $back) (i32.const 1))) ${behind}))`
  const child = runChild(`
    const engine = new warmslot.Engine({ slots: 1, maxMemoryBytes: 65536, deadlines: true })
    const module = await engine.compile(${encodeLong(text)})
    const instance = engine.instantiate(module, {}, { deadlineMs: 20 })
    try { instance.exports.run(${depth}) } catch (error) { console.log(error.code) }
    console.log(instance.exports.back.value < ${depth} ? 'stopped' : 'came back')
    process.exit()`)
  expect([child.signal, child.status, child.stderr]).toEqual([null, 0, ''])
  expect(child.stdout.trim()).toBe('WARMSLOT_DEADLINE_EXCEEDED\nstopped')
})
