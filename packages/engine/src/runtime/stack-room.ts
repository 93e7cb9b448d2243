/**
 * Refuses to begin what must not end half-way where the stack is nearly full.
 *
 * Making and releasing an instance take several steps each; a stack overflow between them would leave a slot that is
 * neither in use nor free. A caller at the end of the stack (host code that recurses through a guest, and cleans up in
 * its `catch`) gets V8's RangeError before anything has changed, and may try again further up.
 *
 *     (func $f (param $levels i32) (result i32) (local v128 × n)
 *       (if (i32.gt_s $levels 0) (then (return $f($levels - 1))))
 *       (if (i32.eqz $levels) (then (return 0)))
 *       every local = a mutable global of its own; $f(0); a lane of all locals, or-ed)   never run: no negative levels
 *
 * The locals live across a call that could change the globals, so the compiled function has a frame of 16 n bytes, and V8
 * compares that with the stack's limit when it enters; the levels write nothing into it, so the whole costs a few calls. One
 * level with a frame of all bytes would save those, but V8's time to compile it goes with the square of the number of locals.
 */
import { valueTypeCode } from '../binary/types.ts'
import { Writer } from '../binary/writer.ts'

/** 16 bytes each: a frame of about 10 KiB. */
const locals = 614

/**
 * Frames below the first, 58 KiB in all: V8 refuses, with the same RangeError, to compile a function when less than 40 KiB
 * of the stack are left, and each function that a release comes through may have to be compiled, the first time or after a
 * long rest. The steps themselves need a kilobyte or two.
 */
const levels = 5

type Probe = (levels: number) => unknown

let probe: Probe | undefined

/** @throws RangeError as V8 does when the stack is full */
export function assertStackRoom(): void {
  probe ??= makeProbe()
  probe(levels)
}

function makeProbe(): Probe {
  const { i32, v128 } = valueTypeCode
  const zeros = Uint8Array.of(0xfd, 0x0c, ...new Uint8Array(16)) // v128.const
  const global = Uint8Array.of(v128, 0x01, ...zeros, 0x0b)
  const code = new Writer().u32(1).u32(locals).byte(v128)
  code.byte(0x20, 0x00, 0x41, 0x00, 0x4a, 0x04, 0x40, 0x20, 0x00, 0x41, 0x01, 0x6b, 0x10, 0x00, 0x0f, 0x0b)
  code.byte(0x20, 0x00, 0x45, 0x04, 0x40, 0x41, 0x00, 0x0f, 0x0b)
  for (let local = 1; local <= locals; local++)
    code
      .byte(0x23)
      .u32(local - 1)
      .byte(0x21)
      .u32(local)
  code.byte(0x41, 0x00, 0x10, 0x00, 0x1a).bytes(zeros)
  for (let local = 1; local <= locals; local++) code.byte(0x20).u32(local).byte(0xfd, 0x50) // v128.or
  const { written: body } = code.byte(0xfd, 0x1b, 0x00, 0x0b) // i32x4.extract_lane 0
  const globals = new Writer().u32(locals)
  for (let local = 1; local <= locals; local++) globals.bytes(global)
  const module = new Writer().byte(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00)
  module.section(1, new Writer().u32(1).byte(0x60).u32(1).byte(i32).u32(1).byte(i32))
  module.section(3, new Writer().u32(1).u32(0))
  module.section(6, globals)
  module.section(7, new Writer().u32(1).name('f').byte(0x00).u32(0))
  module.section(10, new Writer().u32(1).u32(body.length).bytes(body))
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.written.slice()))
  return exports['f'] as Probe
}
