/**
 * The check of the deadline that is inserted into code: if the state word in the control memory is negative, trap.
 *
 *   i32.const 0   i32.const 0   i32.load control   i32.const 0   i32.ge_s   i32.div_u   drop
 *
 * It takes nothing from the stack and leaves nothing, so it fits between any two instructions; a trap cannot be caught by
 * the guest, and which one it is nobody sees, since the handle of the call throws an error of its own.
 *
 * A division by zero is how one trap instruction with a condition is had: V8 compiles it to a comparison with memory and a
 * branch out of line that is not taken, and no division, since nobody wants its result. `if unreachable end` puts its block in
 * the way. A plain load, since V8 neither moves loads of a memory out of loops nor takes one for another; an atomic one
 * took more time. Measured: docs/decisions, 0011. See `deadlines/control-words.ts` for the word.
 */
import { Writer, u32Size } from './writer.ts'

/** In a list of patches, a replacement that is a check. Every helper's number is greater, every size's too. */
export const insertCheck = -0x4000_0000
/** In place of `br_if L`: `if`, a check, `br L + 1`, `end`. So what does not branch does not check. */
export const checkBranch = -0x4000_0001

/** The bytes of a check; the control memory is imported as memory number `memory`. */
export function deadlineCheck(memory: number): Uint8Array {
  const check = new Writer(24).byte(0x41, 0, 0x41, 0, 0x28)
  // Alignment 4; bit 6 says that the memory's index follows.
  if (memory === 0) check.byte(0x02)
  else check.byte(0x42).u32(memory)
  return check.byte(0, 0x41, 0, 0x4e, 0x6e, 0x1a).written
}

/** Writes what stands for the `br_if` of which `label` is the immediate. */
export function writeCheckedBranch(check: Uint8Array, label: number, to: Writer): void {
  to.byte(0x04, 0x40)
    .bytes(check)
    .byte(0x0c)
    .u32(label + 1)
    .byte(0x0b)
}

/** How many bytes that takes. */
export function checkedBranchBytes(check: Uint8Array, label: number): number {
  return 4 + check.length + u32Size(label + 1)
}

/** The patches of a module with checks, patches too, among them; both in ascending order. */
export function withChecks(patches: readonly number[], checks: readonly number[]): readonly number[] {
  if (checks.length === 0) return patches
  const merged: number[] = []
  let patch = 0
  for (let check = 0; check < checks.length; check += 3) {
    const position = checks[check]!
    for (; patch < patches.length && patches[patch]! < position; patch += 3) {
      merged.push(patches[patch]!, patches[patch + 1]!, patches[patch + 2]!)
    }
    merged.push(position, checks[check + 1]!, checks[check + 2]!)
  }
  for (; patch < patches.length; patch++) merged.push(patches[patch]!)
  return merged
}
