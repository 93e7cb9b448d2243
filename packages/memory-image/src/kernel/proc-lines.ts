/** Reads a file of /proc line by line, in small pieces through Node.js's thread pool, so that no piece holds the event
 * loop for long. The kernel hands out a page or so with each read, always whole lines of a list ordered by address: what
 * is there during the whole reading is seen. */

import { open } from 'node:fs/promises'

const chunkBytes = 65_536

/** Calls `take` with every line, without its newline. */
export async function readProcLines(path: string, take: (line: string) => void): Promise<void> {
  const file = await open(path, 'r')
  try {
    const chunk = Buffer.allocUnsafe(chunkBytes)
    let rest = ''
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, chunkBytes, null)
      if (bytesRead === 0) break
      const lines = (rest + chunk.toString('latin1', 0, bytesRead)).split('\n')
      rest = lines.pop()!
      for (const line of lines) take(line)
    }
    if (rest !== '') take(rest)
  } finally {
    await file.close()
  }
}
