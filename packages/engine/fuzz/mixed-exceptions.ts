/**
 * Whether a module holds instructions of both the legacy and the standard exception handling.
 *
 * V8 14 (Node.js 26) refuses such a module only where one of its threads sees both first, so that the same binary is
 * accepted one time and refused the next; and where `WebAssembly.compile` finds it on a background thread and does not
 * find it again while it writes its message, V8 ends the process ("Check failed: !job->compile_imports_.empty()").
 */
import { control } from '../src/binary/control-opcodes.ts'
import { InstructionWalker } from '../src/binary/instructions.ts'
import { sectionId } from '../src/binary/module-structure.ts'
import { parseModule } from '../src/binary/parse-module.ts'
import { Reader } from '../src/binary/reader.ts'
import { skipLocals } from '../src/binary/skip-code.ts'
import type { Bytes } from './sections.ts'

/** `catch` and `catch_all` lead nowhere by themselves, so that they have no name in {@link control}. */
const legacy: readonly number[] = [control.try, 0x07, control.rethrow, control.delegate, 0x19]
const standard: readonly number[] = [control.throwRef, control.tryTable]

export function mixesExceptions(bytes: Bytes): boolean {
  try {
    const steps = parseModule(bytes)
    for (;;) {
      const step = steps.next()
      if (!step.done) continue
      const section = step.value.sections.find((one) => one.id === sectionId.code)
      return (
        section !== undefined && bodiesMix(new Reader(bytes, section.contents.start, section.contents.end))
      )
    }
  } catch {
    // What cannot be read so far V8 refuses for that; what it accepts holds an opcode newer than the engine.
    return false
  }
}

function bodiesMix(reader: Reader): boolean {
  const walker = new InstructionWalker(reader)
  let [old, current] = [false, false]
  for (let rest = reader.count(); rest > 0; rest--) {
    const end = reader.u32() + reader.position
    skipLocals(reader)
    while (reader.position < end) {
      const opcode = reader.bytes[reader.position]!
      old ||= legacy.includes(opcode)
      current ||= standard.includes(opcode)
      if (old && current) return true
      walker.next()
    }
  }
  return false
}
