/**
 * Walks over disjoint segments as a stream of page-aligned runs that hold at least one byte other than zero in every
 * page. Pages of zeros are left out, so that they stay holes in the memfd.
 *
 * Work goes through one window of a megabyte at most, whatever the distance between segments: a span of 1 GiB with two
 * short segments costs two windows, not a gigabyte of zeros.
 */

import type { Segment } from './segments.ts'

/** Bytes at a page-aligned place. Valid until the next run is asked for: the window is used again. */
export interface PageRun {
  readonly offset: number
  readonly bytes: Uint8Array
}

/** @default 1 MiB: large enough that a system call's price does not count, small enough to stay in the cache */
const windowBytes = 1 << 20

/** The runs of `pieces` (sorted, disjoint, not empty) in ascending order. */
export function* pageRuns(pieces: readonly Segment[], pageBytes: number): Generator<PageRun> {
  const zeroPage = new Uint8Array(pageBytes)
  let scratch: Uint8Array | undefined
  let next = 0
  let position = 0
  while (next < pieces.length) {
    const first = pieces[next]!
    const start = Math.max(position, alignDown(first.offset, pageBytes))
    const firstEnd = first.offset + first.bytes.byteLength
    if (first.offset <= start && firstEnd - start >= windowBytes) {
      // One piece fills the whole window: look at its bytes where they are.
      yield* nonZeroRuns(
        first.bytes.subarray(start - first.offset, start - first.offset + windowBytes),
        start,
        zeroPage,
      )
    } else {
      scratch ??= new Uint8Array(windowBytes)
      const used = fillWindow(scratch, pieces, next, start, pageBytes)
      yield* nonZeroRuns(scratch.subarray(0, used), start, zeroPage)
    }
    position = start + windowBytes
    while (next < pieces.length && pieces[next]!.offset + pieces[next]!.bytes.byteLength <= position)
      next += 1
  }
}

/** Copies into the window what begins or goes on in it. Returns how much of it is used, in whole pages. */
function fillWindow(
  scratch: Uint8Array,
  pieces: readonly Segment[],
  next: number,
  start: number,
  pageBytes: number,
): number {
  scratch.fill(0)
  let used = 0
  for (let index = next; index < pieces.length; index += 1) {
    const piece = pieces[index]!
    if (piece.offset >= start + windowBytes) break
    const from = Math.max(0, start - piece.offset)
    const to = Math.min(piece.bytes.byteLength, start + windowBytes - piece.offset)
    scratch.set(piece.bytes.subarray(from, to), piece.offset + from - start)
    used = piece.offset + to - start
  }
  return Math.min(windowBytes, alignDown(used + pageBytes - 1, pageBytes))
}

function* nonZeroRuns(bytes: Uint8Array, offset: number, zeroPage: Uint8Array): Generator<PageRun> {
  const pageBytes = zeroPage.byteLength
  const zeros = Buffer.from(zeroPage.buffer)
  let runStart = -1
  for (let position = 0; position < bytes.byteLength; position += pageBytes) {
    const zero = bytes[position] === 0 && zeros.compare(bytes, position, position + pageBytes) === 0
    if (zero && runStart >= 0) {
      yield { offset: offset + runStart, bytes: bytes.subarray(runStart, position) }
      runStart = -1
    } else if (!zero && runStart < 0) runStart = position
  }
  if (runStart >= 0) yield { offset: offset + runStart, bytes: bytes.subarray(runStart) }
}

/** Exact for numbers beyond 32 bits, where the bit operators are not. */
function alignDown(value: number, alignment: number): number {
  return value - (value % alignment)
}
