/**
 * Refuses to begin what must not end half-way where the stack is nearly full.
 *
 * Making and releasing an instance take several steps each; a stack overflow between them would leave a slot that is
 * neither in use nor free. A caller at the end of the stack (host code that recurses through a guest, and cleans up in
 * its `catch`) gets V8's RangeError before anything has changed, and may try again further up.
 *
 *     (func $f (param $deep i32) (result i64) (local i64 × n)
 *       (if (i32.eqz $deep) (then (return 0)))
 *       every local = $f(0); $f(0); the sum of all locals)
 *
 * The locals live across a call, so the compiled function has a frame of 8 n bytes, and V8 compares that with the stack's
 * limit when it enters, before it writes anything: tens of nanoseconds, in place of a recursion that touches every byte.
 */
import { valueTypeCode } from '../binary/types.ts'
import { Writer } from '../binary/writer.ts'

/** 8 bytes each: about 5 KiB, four times what a release was seen to need. */
const locals = 600

type Probe = (deep: 0) => unknown

let probe: Probe | undefined

/** @throws RangeError as V8 does when the stack is full */
export function assertStackRoom(): void {
  probe ??= makeProbe()
  probe(0)
}

function makeProbe(): Probe {
  const { i32, i64 } = valueTypeCode
  const code = new Writer().u32(1).u32(locals).byte(i64)
  code.byte(0x20, 0x00, 0x45, 0x04, 0x40, 0x42, 0x00, 0x0f, 0x0b)
  for (let local = 1; local <= locals; local++) code.byte(0x41, 0x00, 0x10, 0x00, 0x21).u32(local)
  code.byte(0x41, 0x00, 0x10, 0x00)
  for (let local = 1; local <= locals; local++) code.byte(0x20).u32(local).byte(0x7c)
  const { written: body } = code.byte(0x0b)
  const module = new Writer().byte(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00)
  module.section(1, new Writer().u32(1).byte(0x60).u32(1).byte(i32).u32(1).byte(i64))
  module.section(3, new Writer().u32(1).u32(0))
  module.section(7, new Writer().u32(1).name('f').byte(0x00).u32(0))
  module.section(10, new Writer().u32(1).u32(body.length).bytes(body))
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.written.slice()))
  return exports['f'] as Probe
}
