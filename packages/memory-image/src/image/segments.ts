/**
 * Turns a module's data segments, which may overlap in any way, into disjoint pieces in ascending order. Where
 * segments overlap, the later one wins, as WebAssembly's instantiation writes them in order
 * (WebAssembly Core Specification, "Instantiation").
 */

/** Bytes that belong at `offset` in linear memory. */
export interface Segment {
  /** In bytes from the memory's start. A safe integer >= 0. */
  readonly offset: number
  readonly bytes: Uint8Array
}

/** Checks a segment's bounds. */
export function assertSegment({ offset, bytes }: Segment): void {
  if (!Number.isSafeInteger(offset) || offset < 0) {
    throw new RangeError(`a segment's offset must be a safe integer >= 0, and it is ${offset}`)
  }
  if (!Number.isSafeInteger(offset + bytes.byteLength)) {
    throw new RangeError(
      `a segment at ${offset} of ${bytes.byteLength} bytes ends beyond the largest safe integer`,
    )
  }
}

const end = (segment: Segment): number => segment.offset + segment.bytes.byteLength

/** Sorted, disjoint, none empty. Pieces are views of the segments' bytes: nothing is copied. */
export function disjointSegments(segments: Iterable<Segment>): Segment[] {
  const inOrder: Segment[] = []
  for (const segment of segments) {
    assertSegment(segment)
    if (segment.bytes.byteLength > 0) inOrder.push(segment)
  }
  const sorted = inOrder.toSorted((a, b) => a.offset - b.offset)
  const overlap = sorted.some(
    (segment, position) => position > 0 && end(sorted[position - 1]!) > segment.offset,
  )
  return overlap ? laterWins(inOrder) : sorted
}

/** Lays the segments down from last to first, each only where nothing lies yet. */
function laterWins(inOrder: readonly Segment[]): Segment[] {
  const pieces: Segment[] = []
  const covered: { start: number; end: number }[] = []
  for (const segment of inOrder.toReversed()) {
    const segmentEnd = end(segment)
    const first = firstEndingAtOrAfter(covered, segment.offset)
    let after = first
    let position = segment.offset
    for (
      let range = covered[after];
      range !== undefined && range.start <= segmentEnd;
      range = covered[++after]
    ) {
      addPiece(pieces, segment, position, range.start)
      position = Math.max(position, range.end)
    }
    addPiece(pieces, segment, position, segmentEnd)
    const merged = {
      start: Math.min(segment.offset, covered[first]?.start ?? segment.offset),
      end: Math.max(segmentEnd, after > first ? covered[after - 1]!.end : segmentEnd),
    }
    covered.splice(first, after - first, merged)
  }
  return pieces.toSorted((a, b) => a.offset - b.offset)
}

function addPiece(pieces: Segment[], segment: Segment, from: number, to: number): void {
  if (from >= to) return
  pieces.push({ offset: from, bytes: segment.bytes.subarray(from - segment.offset, to - segment.offset) })
}

function firstEndingAtOrAfter(ranges: readonly { end: number }[], position: number): number {
  let low = 0
  let high = ranges.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ranges[middle]!.end < position) low = middle + 1
    else high = middle
  }
  return low
}
