/** Small guests in WebAssembly text, each for one question. */
import { wat } from './wat.ts'

const wasi = (name: string, type: string): string =>
  `(import "wasi_snapshot_preview1" "${name}" (func $${name} ${type}))`

/**
 * A WASI command. What it does is its first argument's first letter:
 * e: standard input to standard output and error; x: exit with the number of arguments; t: trap; l: loop; g: grow until it fails, then
 * trap; s: sleep 60 s; h: have the host work for long: random bytes for 100 MiB, again and again; m: have it need memory, for a million buffers; c: count in memory, and print the count; r: 16 random bytes, and the time; n: print all arguments; v: all of the environment
 */
export const command: Uint8Array<ArrayBuffer> = wat(`(module
  ${wasi('args_sizes_get', '(param i32 i32) (result i32)')}
  ${wasi('args_get', '(param i32 i32) (result i32)')}
  ${wasi('environ_sizes_get', '(param i32 i32) (result i32)')}
  ${wasi('environ_get', '(param i32 i32) (result i32)')}
  ${wasi('fd_read', '(param i32 i32 i32 i32) (result i32)')}
  ${wasi('fd_write', '(param i32 i32 i32 i32) (result i32)')}
  ${wasi('random_get', '(param i32 i32) (result i32)')}
  ${wasi('clock_time_get', '(param i32 i64 i32) (result i32)')}
  ${wasi('poll_oneoff', '(param i32 i32 i32 i32) (result i32)')}
  ${wasi('proc_exit', '(param i32)')}
  (memory (export "memory") 4)
  (data (i32.const 60000) "image")
  (func $write (param $fd i32) (param $at i32) (param $bytes i32)
    (i32.store (i32.const 16) (local.get $at)) (i32.store (i32.const 20) (local.get $bytes))
    (drop (call $fd_write (local.get $fd) (i32.const 16) (i32.const 1) (i32.const 24))))
  (func $echo (local $bytes i32)
    (block $end (loop $more
      (i32.store (i32.const 16) (i32.const 70000)) (i32.store (i32.const 20) (i32.const 65536))
      (drop (call $fd_read (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 24)))
      (local.set $bytes (i32.load (i32.const 24)))
      (br_if $end (i32.eqz (local.get $bytes)))
      (call $write (i32.const 1) (i32.const 70000) (local.get $bytes))
      (call $write (i32.const 2) (i32.const 70000) (local.get $bytes))
      (br $more))))
  (func (export "_start") (local $count i32) (local $letter i32)
    (drop (call $args_sizes_get (i32.const 0) (i32.const 4)))
    (local.set $count (i32.load (i32.const 0)))
    (drop (call $args_get (i32.const 100) (i32.const 1000)))
    (if (i32.gt_u (local.get $count) (i32.const 1))
      (then (local.set $letter (i32.load8_u (i32.load (i32.const 104))))))
    (if (i32.eq (local.get $letter) (i32.const 101)) (then (call $echo)))
    (if (i32.eq (local.get $letter) (i32.const 120)) (then (call $proc_exit (local.get $count))))
    (if (i32.eq (local.get $letter) (i32.const 116)) (then unreachable))
    (if (i32.eq (local.get $letter) (i32.const 108)) (then (loop $for_ever (br $for_ever))))
    (if (i32.eq (local.get $letter) (i32.const 103))
      (then (loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable))
    (if (i32.eq (local.get $letter) (i32.const 115)) (then
      (i64.store (i32.const 200) (i64.const 7)) (i32.store8 (i32.const 208) (i32.const 0)) (i32.store (i32.const 216) (i32.const 1))
      (i64.store (i32.const 224) (i64.const 60000000000)) (i32.store16 (i32.const 240) (i32.const 0))
      (drop (call $poll_oneoff (i32.const 200) (i32.const 300) (i32.const 1) (i32.const 400)))))
    (if (i32.eq (local.get $letter) (i32.const 104)) (then
      (drop (memory.grow (i32.const 1700)))
      (loop $again (drop (call $random_get (i32.const 1048576) (i32.const 104857600))) (br $again))))
    (if (i32.eq (local.get $letter) (i32.const 109)) (then
      (drop (memory.grow (i32.const 1700)))
      (drop (call $fd_write (i32.const 1) (i32.const 1048576) (i32.const 13000000) (i32.const 24)))))
    (if (i32.eq (local.get $letter) (i32.const 99)) (then
      (i32.store8 (i32.const 50000) (i32.add (i32.load8_u (i32.const 50000)) (i32.const 49)))
      (i32.store8 (i32.const 60000) (i32.add (i32.load8_u (i32.const 60000)) (i32.const 1)))
      (call $write (i32.const 1) (i32.const 50000) (i32.const 1))
      (call $write (i32.const 1) (i32.const 60000) (i32.const 5))))
    (if (i32.eq (local.get $letter) (i32.const 114)) (then
      (drop (call $random_get (i32.const 500) (i32.const 16)))
      (drop (call $clock_time_get (i32.const 0) (i64.const 1) (i32.const 516)))
      (call $write (i32.const 1) (i32.const 500) (i32.const 24))))
    (if (i32.eq (local.get $letter) (i32.const 110)) (then (call $write (i32.const 1) (i32.const 1000) (i32.load (i32.const 4)))))
    (if (i32.eq (local.get $letter) (i32.const 118)) (then
      (drop (call $environ_sizes_get (i32.const 0) (i32.const 4)))
      (drop (call $environ_get (i32.const 100) (i32.const 1000)))
      (call $write (i32.const 1) (i32.const 1000) (i32.load (i32.const 4)))))))`)

/** A library: numbers, strings, state, and a random number from before its first call. */
export const library: Uint8Array<ArrayBuffer> = wat(`(module
  ${wasi('random_get', '(param i32 i32) (result i32)')}
  (memory (export "memory") 2)
  (global $next (mut i32) (i32.const 4096))
  (global $initialised (mut i32) (i32.const 0))
  (func (export "_initialize") (global.set $initialised (i32.add (global.get $initialised) (i32.const 1))))
  (func (export "initialised") (result i32) (global.get $initialised))
  (func (export "alloc") (param $bytes i32) (result i32) (local $at i32)
    (local.set $at (global.get $next))
    (global.set $next (i32.add (global.get $next) (local.get $bytes)))
    (local.get $at))
  (func (export "add") (param f64 f64) (result f64) (f64.add (local.get 0) (local.get 1)))
  (func (export "negate") (param i64) (result i64) (i64.sub (i64.const 0) (local.get 0)))
  (func (export "two") (result i32 i64) (i32.const 1) (i64.const 2))
  (func (export "nothing"))
  (func (export "upper") (param $at i32) (param $bytes i32) (result i64) (local $end i32) (local $i i32)
    (local.set $i (local.get $at)) (local.set $end (i32.add (local.get $at) (local.get $bytes)))
    (block $out (loop $more
      (br_if $out (i32.ge_u (local.get $i) (local.get $end)))
      (if (i32.and (i32.ge_u (i32.load8_u (local.get $i)) (i32.const 97)) (i32.le_u (i32.load8_u (local.get $i)) (i32.const 122)))
        (then (i32.store8 (local.get $i) (i32.sub (i32.load8_u (local.get $i)) (i32.const 32)))))
      (local.set $i (i32.add (local.get $i) (i32.const 1))) (br $more)))
    (i64.or (i64.shl (i64.extend_i32_u (local.get $at)) (i64.const 32)) (i64.extend_i32_u (local.get $bytes))))
  (func (export "pair") (param $at i32) (param $bytes i32) (result i32 i32) (local.get $at) (local.get $bytes))
  (func (export "random") (result i64) (drop (call $random_get (i32.const 8) (i32.const 8))) (i64.load (i32.const 8)))
  (func (export "trap") unreachable)
  (func (export "loop") (loop $for_ever (br $for_ever))))`)

/** A command of 1 KiB that differs from every other one. */
export function numbered(number: number): Uint8Array<ArrayBuffer> {
  return wat(`(module
    ${wasi('fd_write', '(param i32 i32 i32 i32) (result i32)')}
    (memory (export "memory") 1)
    (data (i32.const 1000) "${String(number).padStart(8, '0')}")
    (data (i32.const 2000) "\\e8\\03\\00\\00\\08\\00\\00\\00")
    (func (export "_start") (drop (call $fd_write (i32.const 1) (i32.const 2000) (i32.const 1) (i32.const 3000)))))`)
}
