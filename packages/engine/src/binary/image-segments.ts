/**
 * Collects what goes into the images. Go's compiler cuts a memory into a hundred thousand data segments of a few bytes each,
 * and an object with a view for every one would take longer than all code. So short ones that lie close are copied together,
 * with zeros between them:
 *
 *     segments   |aaa| |bb|    |cccc|          |dd|
 *     collected  |aaa 0 bb 0000 cccc|          |dd|
 *
 * Invariant: a later segment wins over an earlier one where they overlap, and a zero between two wins over nothing. So only what
 * lies where the memory has got nothing yet is put together.
 */

/** Bytes that go into a memory's image. */
export interface ImageSegment {
  readonly memory: number
  readonly offset: number
  readonly bytes: Uint8Array
}

/** Longer ones are not copied. */
const shortBytes = 4096
/** Zeros between two; a page of them would be a page of the image. */
const mostZeros = 512
const pieceBytes = 1 << 18
/** Below, a loop is faster than making a view. */
const fewBytes = 64

/** So many ranges are told apart; beyond, all between the first and the last counts as written. */
const mostRanges = 64

interface Span {
  start: number
  end: number
}

export class ImageSegments {
  readonly #source: Uint8Array
  readonly #collected: ImageSegment[] = []
  /** Per memory: what it has got so far, without the present piece. */
  readonly #written: Span[][]
  #memory = 0
  #offset = 0
  /** Up to here the memory has got nothing yet behind the present piece. */
  #room = 0
  #piece: Uint8Array = new Uint8Array(0)
  #length = 0

  constructor(source: Uint8Array, memories: number) {
    this.#source = source
    this.#written = Array.from({ length: memories }, () => [])
  }

  /** The bytes `[start, end)` of the source belong at `offset`. */
  add(memory: number, offset: number, start: number, end: number): void {
    const length = end - start
    if (length === 0) return
    const at = offset - this.#offset
    const zeros = at - this.#length
    const joins = this.#length > 0 && memory === this.#memory && zeros >= 0 && zeros <= mostZeros
    if (joins && length <= shortBytes && at + length <= pieceBytes && offset + length <= this.#room) {
      this.#append(at, start, end)
      return
    }
    this.#finish()
    const room = roomAt(this.#written[memory]!, offset)
    if (length > shortBytes || offset + length > room) {
      this.#collect(memory, offset, this.#source.subarray(start, end))
      return
    }
    this.#memory = memory
    this.#offset = offset
    this.#room = room
    this.#append(0, start, end)
  }

  /** In the order in which they apply. */
  take(): ImageSegment[] {
    this.#finish()
    return this.#collected
  }

  #append(at: number, start: number, end: number): void {
    const source = this.#source
    if (this.#piece.length === 0) this.#piece = new Uint8Array(pieceBytes)
    const piece = this.#piece
    if (end - start > fewBytes) piece.set(source.subarray(start, end), at)
    else for (let from = start, to = at; from < end; from++, to++) piece[to] = source[from]!
    this.#length = at + end - start
  }

  #finish(): void {
    if (this.#length === 0) return
    // A short piece does not keep the whole room.
    const bytes = this.#piece.subarray(0, this.#length)
    const kept = this.#length > pieceBytes / 2
    this.#collect(this.#memory, this.#offset, kept ? bytes : bytes.slice())
    if (kept) this.#piece = new Uint8Array(0)
    else bytes.fill(0)
    this.#length = 0
  }

  #collect(memory: number, offset: number, bytes: Uint8Array): void {
    this.#collected.push({ memory, offset, bytes })
    const written = this.#written[memory]!
    const end = offset + bytes.length
    const last = written.at(-1)
    const gap = last === undefined ? -1 : offset - last.end
    // A small gap counts as written too: nothing will be joined in it, and there are few ranges.
    if (gap >= 0 && gap <= pieceBytes && roomAt(written, last!.end) >= end) last!.end = end
    else if (written.length < mostRanges) written.push({ start: offset, end })
    else {
      const start = written.reduce((least, range) => Math.min(least, range.start), offset)
      this.#written[memory] = [
        { start, end: written.reduce((most, range) => Math.max(most, range.end), end) },
      ]
    }
  }
}

/** Up to where from `offset` on nothing is written; `offset` itself where something is. */
function roomAt(written: readonly Span[], offset: number): number {
  let room = Infinity
  for (const { start, end } of written) {
    if (start <= offset && offset < end) return offset
    if (start > offset) room = Math.min(room, start)
  }
  return room
}
