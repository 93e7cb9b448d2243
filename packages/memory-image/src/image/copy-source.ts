/**
 * Where a reset copies the image's pages back from: pieces of 64 KiB, read from the memfd when first needed and then
 * kept in ordinary ArrayBuffers.
 *
 * Why not the obvious ways: pread(2) into the slot costs about 1.2 microseconds for a page, memcpy(3) 0.25 (x86-64
 * virtual machine, Linux 6.18). And a shared mapping of the memfd as memcpy's source would survive a worker that is
 * terminated, and with it the image's bytes, which nobody could free any more. ArrayBuffers go with their heap.
 * What guests write to is few pages and mostly the same ones, so the pieces are few; their number has a limit, and
 * beyond it bytes pass through a piece that is not kept.
 */

import { bufferAddress, copyMemory, equalMemory, pageBytes, preadFully } from '../system/libc.ts'

const pieceBytes = 65_536

/** At most 16 MiB for each image. */
const maximumPieces = 256

interface Piece {
  readonly bytes: Uint8Array
  readonly address: number
}

/** At an address as a slot's pages have it: from elsewhere, memcpy(3) takes a tenth longer for a page. */
function newPiece(): Piece {
  // Not from Node.js's pool, and not cleared: pread fills it before it is read.
  const buffer = Buffer.allocUnsafeSlow(pieceBytes + pageBytes())
  const start = bufferAddress(buffer)
  const beforeBorder = -start & (pageBytes() - 1)
  return { bytes: buffer.subarray(beforeBorder, beforeBorder + pieceBytes), address: start + beforeBorder }
}

/** How many of `byteLength` bytes from `offset` on are in the same piece. */
function bytesInPiece(offset: number, byteLength: number): number {
  return Math.min(pieceBytes - (offset % pieceBytes), byteLength)
}

/** Copies parts of one memfd to addresses. */
export class CopySource {
  readonly #descriptor: number
  readonly #byteLength: number
  /** Per piece its address, 0 where it is not there: asked for every page of every reset. */
  readonly #addresses: Float64Array
  readonly #pieces: Piece[] = []
  #passing: Piece | undefined

  constructor(descriptor: number, byteLength: number) {
    this.#descriptor = descriptor
    this.#byteLength = byteLength
    this.#addresses = new Float64Array(Math.ceil(byteLength / pieceBytes))
  }

  /** Copies `byteLength` bytes from `offset` in the file to `address`, which must be writable. */
  copy(address: number, offset: number, byteLength: number): void {
    for (let done = 0; done < byteLength;) {
      const count = bytesInPiece(offset + done, byteLength - done)
      copyMemory(address + done, this.#addressOf(offset + done), count)
      done += count
    }
  }

  /** Whether those bytes are at `address`, which must be readable. */
  matches(address: number, offset: number, byteLength: number): boolean {
    for (let done = 0; done < byteLength;) {
      const count = bytesInPiece(offset + done, byteLength - done)
      if (!equalMemory(address + done, this.#addressOf(offset + done), count)) return false
      done += count
    }
    return true
  }

  #addressOf(offset: number): number {
    const within = offset % pieceBytes
    const piece = (offset - within) / pieceBytes
    return (this.#addresses[piece]! || this.#read(piece)) + within
  }

  /** Returns the piece's address, which is good until the next piece is read. */
  #read(piece: number): number {
    const keep = this.#pieces.length < maximumPieces
    const into = keep ? newPiece() : (this.#passing ??= newPiece())
    const start = piece * pieceBytes
    const count = Math.min(pieceBytes, this.#byteLength - start)
    preadFully(this.#descriptor, into.bytes.subarray(0, count), start)
    if (keep) {
      this.#pieces.push(into)
      this.#addresses[piece] = into.address
    }
    return into.address
  }
}
