/** Lines out of bytes that come in any pieces. A character that is split over pieces stays whole: only whole lines are decoded. */
import { KubernetesProtocolError } from '../errors/kubernetes-protocol-error.ts'

const lineFeed = 0x0a

export class LineDecoder {
  readonly #maxLineBytes: number
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true })
  #pieces: Uint8Array[] = []
  #length = 0

  /** @param maxLineBytes without the line end */
  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes
  }

  /** The lines that end in these bytes; empty ones are left out. @throws KubernetesProtocolError too long, or no UTF-8 */
  *push(bytes: Uint8Array): Generator<string, void> {
    let start = 0
    for (let end = bytes.indexOf(lineFeed); end >= 0; end = bytes.indexOf(lineFeed, start)) {
      this.#keep(bytes.subarray(start, end))
      start = end + 1
      const line = this.#take()
      if (line.trim() !== '') yield line
    }
    this.#keep(bytes.subarray(start))
  }

  /** No more bytes come. @throws KubernetesProtocolError they ended within a line */
  end(): void {
    if (this.#length === 0) return
    throw new KubernetesProtocolError(`The watch ended within an event, after ${this.#length} bytes of it.`)
  }

  #keep(piece: Uint8Array): void {
    if (piece.length === 0) return
    this.#length += piece.length
    if (this.#length > this.#maxLineBytes) {
      const message = `An event of the watch is larger than ${this.#maxLineBytes} bytes (option "maxEventBytes").`
      throw new KubernetesProtocolError(message)
    }
    this.#pieces.push(piece)
  }

  #take(): string {
    const line = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces, this.#length)
    this.#pieces = []
    this.#length = 0
    try {
      return this.#utf8.decode(line)
    } catch (error) {
      throw new KubernetesProtocolError('An event of the watch is not UTF-8.', { cause: error })
    }
  }
}
