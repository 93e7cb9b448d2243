/** A guest that never returns. */
import { writeGuest } from './module-writer.ts'

/** Bytes of the module. `run(value)` spins in a loop that touches no memory. */
export function spinningGuest(): Uint8Array<ArrayBuffer> {
  return writeGuest({
    pages: 1,
    data: { offset: 0, bytes: Uint8Array.of(1) },
    locals: 0,
    run: [0x03, 0x40, 0x0c, 0, 0x0b, 0x20, 0], // loop, br 0, end, local.get 0
  })
}
