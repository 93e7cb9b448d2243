/**
 * A guest with a memory of 10 MiB, of which 1 MiB is data. It writes to as many pages of 4 KiB as it is told, by default 100 KiB
 * apart: then the first eleven are among the data, the others among the zeros.
 */
import { patternOf, signed, writeGuest } from './module-writer.ts'

const memoryBytes = 160 * 65_536

/**
 * Bytes of the module. `run(k)` writes to k places and returns the address after the last.
 * @param distanceBytes between two places, so k is at most 10 MiB over it. @default 102_400
 */
export function tenMebibyteGuest(distanceBytes: number = 100 * 1024): Uint8Array<ArrayBuffer> {
  return writeGuest({
    pages: memoryBytes / 65_536,
    data: { offset: 0, bytes: patternOf(2 ** 20) },
    locals: 1,
    run: [
      [0x02, 0x40, 0x03, 0x40], // block, loop
      [0x20, 0, 0x45, 0x0d, 1], // local.get 0, i32.eqz, br_if 1: all written
      [0x20, 1, 0x20, 0, 0x36, 2, 0], // local.get 1, local.get 0, i32.store
      [0x20, 1, 0x41, ...signed(distanceBytes), 0x6a, 0x21, 1], // local.get 1, i32.const, i32.add, local.set 1
      [0x20, 0, 0x41, 1, 0x6b, 0x21, 0], // local.get 0, i32.const 1, i32.sub, local.set 0
      [0x0c, 0, 0x0b, 0x0b], // br 0, end, end
      [0x20, 1], // local.get 1
    ].flat(),
  })
}
