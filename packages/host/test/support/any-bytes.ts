/** Bytes that need not be HTTP, near what is. */
import * as fc from 'fast-check'
import { connect } from 'node:net'

const lines = fc.array(
  fc.oneof(
    fc.constantFrom(
      'GET /healthz HTTP/1.1',
      'POST /v1/modules/c/run HTTP/1.1',
      'Host: x',
      'Content-Length: 5',
      'Content-Length: -1',
      'Transfer-Encoding: chunked',
      'Transfer-Encoding: xchunked',
      'Expect: 100-continue',
      'Upgrade: websocket',
      'Connection: upgrade',
      '0',
      '',
    ),
    fc.string(),
  ),
)

export const anyBytes: fc.Arbitrary<Uint8Array | string> = fc.oneof(
  lines.map((all) => `${all.join('\r\n')}\r\n\r\n`),
  fc.uint8Array({ maxLength: 500 }),
)

/** Sends bytes that need not be HTTP, and waits until the connection is closed. */
export function sendBytes(base: string, bytes: Uint8Array | string): Promise<string> {
  const { hostname, port } = new URL(base)
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(Number(port), hostname, () => socket.end(bytes))
    socket.setEncoding('latin1')
    socket.on('data', (text) => (answer += String(text)))
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(answer))
  })
}
