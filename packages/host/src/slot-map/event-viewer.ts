/**
 * One client of the event stream (server-sent events, HTML Standard section 9.2). A client that does not keep up gets no changes, so
 * that they do not pile up here, and a whole state when it can take one.
 */
import type { ServerResponse } from 'node:http'
import { changesEvent, wholeEvent } from './page/slot-map-state.ts'
import type { Viewer } from './slot-watch.ts'

/** Proxies close connections that are quiet for long, and a page finds out that its host is gone. */
const heartbeatMs = 15_000

/** `connection: close`: when the stream ends with the host, nothing waits for another request on it. */
const headers = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  connection: 'close',
  // For nginx, which would collect.
  'x-accel-buffering': 'no',
}

export class EventViewer implements Viewer {
  readonly #response: ServerResponse
  readonly #heartbeat: NodeJS.Timeout
  #needsWhole = true

  constructor(response: ServerResponse) {
    this.#response = response
    response.writeHead(200, headers)
    response.flushHeaders()
    this.#heartbeat = setInterval(() => this.#write(': alive\n\n'), heartbeatMs)
    this.#heartbeat.unref()
  }

  /** Not before what was sent is taken. */
  get needsWhole(): boolean {
    return this.#needsWhole && !this.#response.writableNeedDrain
  }

  whole(state: string): void {
    this.#needsWhole = false
    this.#write(event(wholeEvent, state))
  }

  changes(patch: string): void {
    if (this.#needsWhole || this.#response.writableNeedDrain) this.#needsWhole = true
    else this.#write(event(changesEvent, patch))
  }

  end(): void {
    clearInterval(this.#heartbeat)
    this.#response.end()
  }

  #write(text: string): void {
    if (!this.#response.destroyed && !this.#response.writableEnded) this.#response.write(text)
  }
}

/** JSON without indentation has no line ends. */
function event(name: string, json: string): string {
  return `event: ${name}\ndata: ${json}\n\n`
}
