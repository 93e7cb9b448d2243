/**
 * Applies the data segments that could not go into the image, in order, as instantiation does: each checked against the
 * logical size, stopping at the first that is out of bounds.
 */
import type { ModuleAnalysis } from '../binary/analyse-module.ts'
import type { LateSegment } from '../binary/sort-segments.ts'
import { pageBytes } from '../binary/sort-segments.ts'
import { hiddenName } from '../binary/appended.ts'
import { Writer } from '../binary/writer.ts'

interface Target {
  readonly logicalBytes: number
  write(address: number, bytes: Uint8Array): void
}

/** The segments to apply, in order; for a memory of another instance also those that are in the images. */
export function segmentsFor(
  { lateSegments, linkSegments }: ModuleAnalysis,
  isLinked: (memory: number) => boolean,
): readonly LateSegment[] {
  const linked = linkSegments.filter(({ memory }) => isLinked(memory))
  if (linked.length === 0) return lateSegments
  return [...linked, ...lateSegments].sort((one, other) => one.segment - other.segment)
}

/** @throws WebAssembly.RuntimeError as V8 words it. */
export function applyLateSegments(
  analysis: ModuleAnalysis,
  segments: readonly LateSegment[],
  targets: readonly Target[],
  exports: WebAssembly.Exports,
): void {
  for (const segment of segments) {
    const target = targets[segment.memory]!
    const offset = segment.offset ?? importedOffset(analysis, segment, exports)
    if (typeof offset === 'bigint' || offset + segment.bytes.length > target.logicalBytes) {
      throwOutOfBounds(segment, offset, target.logicalBytes, analysis.memories[segment.memory]!.is64)
    }
    target.write(offset, segment.bytes)
  }
}

function importedOffset(
  analysis: ModuleAnalysis,
  { segment }: LateSegment,
  exports: WebAssembly.Exports,
): number | bigint {
  const { value } = exports[analysis.prefix + hiddenName.offset(segment)] as WebAssembly.Global
  if (typeof value !== 'bigint') return Number(value) >>> 0
  const exact = BigInt.asUintN(64, value)
  return exact <= Number.MAX_SAFE_INTEGER ? Number(exact) : exact
}

/** Has V8 itself fail in the same way, so that the error is the one that it gives: same number, offset and sizes. */
function throwOutOfBounds(
  { segment, bytes }: LateSegment,
  offset: number | bigint,
  logicalBytes: number,
  is64: boolean,
): never {
  const data = new Writer(bytes.length + 64 + segment * 4).u32(segment + 1)
  for (let before = 0; before < segment; before++) data.byte(1, 0)
  data
    .byte(0, is64 ? 0x42 : 0x41)
    .s64(is64 ? BigInt(offset) : BigInt(Number(offset) | 0))
    .byte(0x0b)
    .u32(bytes.length)
    .bytes(bytes)
  const module = new Writer(data.length + 64)
    .byte(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00)
    .section(5, new Writer().byte(1, is64 ? 4 : 0).u32(logicalBytes / pageBytes))
    .section(11, data)
  const impossible = new WebAssembly.Instance(new WebAssembly.Module(module.written))
  throw new WebAssembly.RuntimeError(`data segment ${segment} is out of bounds: ${String(impossible)}`)
}
