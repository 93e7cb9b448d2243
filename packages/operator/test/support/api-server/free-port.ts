/**
 * A free port on loopback, below those that the kernel gives to outgoing connections (32,768 and up): one that is left for a moment,
 * as at a restart, is then not taken by somebody's request.
 */
import { createServer } from 'node:net'

export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    if (await isFree(port)) return port
  }
  throw new Error('100 ports between 20,000 and 32,000 were all in use')
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
