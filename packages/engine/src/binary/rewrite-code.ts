/**
 * Writes the code section anew: every body as it was, but for the instructions that the scan noted.
 *
 *   | size | locals | instructions ... memory.size 0 ... |   ->   | new size | locals | ... global.get 17 ... |
 *
 * Runs of bodies without such an instruction are copied in one piece.
 */
import type { Appended } from './appended.ts'
import type { CodeOffsets } from './code-offsets.ts'
import { CodeOffsetsBuilder } from './code-offsets.ts'
import {
  checkBranch,
  checkedBranchBytes,
  deadlineCheck,
  insertCheck,
  writeCheckedBranch,
} from './deadline-check.ts'
import { helperBody } from './helper-functions.ts'
import type { ModuleStructure, Section } from './module-structure.ts'
import { sectionId } from './module-structure.ts'
import { Reader } from './reader.ts'
import { Writer, u32Size } from './writer.ts'

/** How many function bodies, and how many bytes in a row, are written between two yields. */
const sliceBodies = 512
const sliceBytes = 1 << 20

export function* rewriteCode(
  structure: ModuleStructure,
  patches: readonly number[],
  appended: Appended,
  { contents: { start: first, end } }: Section,
  output: Writer,
): Generator<void, CodeOffsets> {
  const { bytes } = structure
  const reader = new Reader(bytes, first, end)
  const start = output.beginSection(sectionId.code)
  const bodies = reader.u32()
  output.u32(bodies + appended.helpers.length)
  let copied = reader.position // everything before it is written
  let patch = 0
  const offsets = new CodeOffsetsBuilder()
  const copyUntil = (position: number): void => {
    offsets.piece(output.length - start, copied)
    output.bytes(bytes.subarray(copied, position))
  }
  /** Over whatever lies between two functions with patches. */
  function* copyFar(position: number): Generator<void> {
    offsets.piece(output.length - start, copied)
    yield* output.inSlices(bytes.subarray(copied, position), sliceBytes)
  }
  const check = deadlineCheck(appended.controlMemory)
  for (let body = 0; body < bodies && patch < patches.length; body++) {
    if (body % sliceBodies === 0) yield
    const head = reader.position
    const size = reader.u32()
    const bodyStart = reader.position
    reader.skip(size)
    if (patches[patch]! >= reader.position) continue
    yield* copyFar(head)
    const last = patchesUntil(patches, patch, reader.position)
    output.u32(size + growth(bytes, patches, patch, last, appended, check))
    copied = bodyStart
    for (; patch < last; patch += 3) {
      copyUntil(patches[patch]!)
      const replacement = patches[patch + 2]!
      if (replacement === insertCheck) output.bytes(check)
      else if (replacement === checkBranch) writeCheckedBranch(check, labelAt(bytes, patches[patch]!), output)
      else output.byte(replacement < 0 ? 0x23 : 0x10).u32(target(replacement, appended)) // global.get, call
      copied = patches[patch + 1]!
    }
  }
  yield* copyFar(end)
  const own = output.length
  writeHelperBodies(appended, output)
  output.endSection(start)
  return offsets.build(start, own)
}

export function writeHelperBodies(appended: Appended, to: Writer): void {
  for (const helper of appended.helpers) {
    const body = helperBody(helper, appended)
    to.u32(body.length).bytes(body.written)
  }
}

/** The index behind the last patch, from `patch` on, that lies before byte `end`. */
function patchesUntil(patches: readonly number[], patch: number, end: number): number {
  let last = patch
  while (last < patches.length && patches[last]! < end) last += 3
  return last
}

/** By how many bytes the patches `[from, to)` lengthen their body. */
function growth(
  bytes: Uint8Array,
  patches: readonly number[],
  from: number,
  to: number,
  appended: Appended,
  check: Uint8Array,
): number {
  let added = 0
  for (let patch = from; patch < to; patch += 3) {
    const replacement = patches[patch + 2]!
    const replaced = patches[patch + 1]! - patches[patch]!
    if (replacement === insertCheck) added += check.length
    else if (replacement === checkBranch)
      added += checkedBranchBytes(check, labelAt(bytes, patches[patch]!)) - replaced
    else added += 1 + u32Size(target(replacement, appended)) - replaced
  }
  return added
}

/** The label of the `br_if` at `position`. */
function labelAt(bytes: Uint8Array, position: number): number {
  return new Reader(bytes, position + 1).u32()
}

/** The function to call, or the global to get. */
function target(replacement: number, appended: Appended): number {
  return replacement < 0 ? appended.replacementGlobal(-1 - replacement) : appended.helperFunction(replacement)
}
