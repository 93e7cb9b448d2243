/** One watch at the fake API server, as the server holds it. */
import type { ServerResponse } from 'node:http'

export class FakeWatch {
  readonly path: string
  readonly query: URLSearchParams
  readonly #response: ServerResponse
  readonly closed: Promise<void>
  isOpen = true
  /** Says nothing any more, not even what changes, and stays open: as behind a connection that is half open. */
  isStalled = false

  constructor(path: string, query: URLSearchParams, response: ServerResponse) {
    this.path = path
    this.query = query
    this.#response = response
    this.closed = new Promise((resolve) => {
      response.once('close', () => {
        this.isOpen = false
        resolve()
      })
    })
  }

  send(type: string, object: unknown): void {
    this.write(`${JSON.stringify({ type, object })}\n`)
  }

  bookmark(resourceVersion: number | string): void {
    this.send('BOOKMARK', { metadata: { resourceVersion: String(resourceVersion) } })
  }

  write(bytes: string | Uint8Array): void {
    if (!this.isStalled && !this.#response.writableEnded) this.#response.write(bytes)
  }

  /** Each byte by itself, in packets of their own. */
  async writeSlowly(bytes: Uint8Array, pieceBytes: number): Promise<void> {
    for (let start = 0; start < bytes.length; start += pieceBytes) {
      this.#response.write(bytes.subarray(start, start + pieceBytes))
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }

  /** As the server does after `timeoutSeconds`. */
  end(): void {
    this.#response.end()
  }

  /** As a network does. */
  cut(): void {
    this.#response.destroy()
  }
}
