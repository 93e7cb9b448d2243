/** One module with an export of every kind, for the tests of handles. */
import { wat } from './wat.ts'

export const kitchen: Uint8Array<ArrayBuffer> = wat(`(module
  (type $unary (func (param i32) (result i32)))
  (import "host" "call" (func $call (param i32) (result i32)))
  (import "host" "pass" (func $pass (param funcref) (result funcref)))
  (import "host" "look" (func $look (param externref) (result externref)))
  (import "host" "call" (func $callAgain (param i32) (result i32)))
  (memory (export "memory") 1 4)
  (table $table (export "table") 6 20 funcref)
  (global $count (export "count") (mut i32) (i32.const 5))
  (global (export "big") i64 (i64.const -7))
  (global $kept (export "kept") (mut funcref) (ref.func $increment))
  (global $thing (export "thing") (mut externref) (ref.null extern))
  (export "reexported" (func $call))
  (elem (table $table) (i32.const 0) func $increment $double)
  (elem declare func $increment $double $call)
  (func $increment (export "increment") (export "incrementAgain") (type $unary)
    (i32.add (local.get 0) (i32.const 1)))
  (func $double (type $unary) (i32.mul (local.get 0) (i32.const 2)))
  (func (export "indirect") (param $entry i32) (param $value i32) (result i32)
    (call_indirect (type $unary) (local.get $value) (local.get $entry)))
  (func (export "give") (result funcref) (ref.func $double))
  (func (export "giveBoth") (result funcref i32 funcref) (ref.func $double) (i32.const 3) (ref.func $increment))
  (func (export "echo") (param funcref) (result funcref) (local.get 0))
  (func (export "throughHost") (result funcref) (call $pass (ref.func $double)))
  (func (export "keep") (param funcref) (global.set $kept (local.get 0)))
  (func (export "callHost") (param i32) (result i32) (call $call (local.get 0)))
  (func (export "callHostAgain") (param i32) (result i32) (call $callAgain (local.get 0)))
  (func (export "lookAt") (param externref) (result externref) (call $look (local.get 0)))
  (func (export "countUp") (result i32)
    (global.set $count (i32.add (global.get $count) (i32.const 1))) (global.get $count))
  (func (export "pair") (param i32 i64) (result i64 i32) (local.get 1) (local.get 0))
  (func (export "long") (param i64) (result i64) (i64.add (local.get 0) (i64.const 1)))
  (func (export "five") (param i32 i32 i32 i32 i32) (result i32)
    (i32.add (local.get 0) (i32.add (local.get 1) (i32.add (local.get 2) (i32.add (local.get 3) (local.get 4))))))
  (func (export "two") (param f64 f64) (result f64) (f64.sub (local.get 0) (local.get 1)))
  (func (export "three") (param i32 i32 i32) (result i32) (local.get 2))
  (func (export "four") (param i32 i32 i32 i32) (result i32) (local.get 3))
  (func (export "nothing"))
  (func (export "trap") unreachable)
  (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0))))`)

/** Imports that do nothing in particular; each test brings what it watches. */
export function kitchenImports(own: Record<string, unknown> = {}): WebAssembly.Imports {
  const host = {
    call: (value: number) => value,
    pass: (value: unknown) => value,
    look: (value: unknown) => value,
    ...own,
  }
  return { host } as WebAssembly.Imports
}
