/** Mutations that know nothing of the format, save what a LEB128 integer looks like. */
import { Writer } from '../src/binary/writer.ts'
import type { Random } from './random.ts'
import type { Bytes } from './sections.ts'

/** A copy with `[from, to)`, or what there is of it, replaced. */
export function replace(bytes: Uint8Array, from: number, to: number, by: Iterable<number>): Bytes {
  const start = Math.min(from, bytes.length)
  const end = Math.min(to, bytes.length)
  const middle = by instanceof Uint8Array ? by : Uint8Array.from(by)
  const output = new Uint8Array(bytes.length - (end - start) + middle.length)
  output.set(bytes.subarray(0, start))
  output.set(middle, start)
  output.set(bytes.subarray(end), start + middle.length)
  return output
}

export function mutateBytes(bytes: Bytes, random: Random): Bytes {
  const position = random.below(bytes.length)
  switch (random.below(6)) {
    case 0:
      return replace(bytes, position, position + 1, [bytes[position]! ^ (1 << random.below(8))])
    case 1:
      return replace(bytes, position, position + 1, [random.below(256)])
    case 2:
      return replace(bytes, position, position, random.bytes(1 + random.below(4)))
    case 3:
      return replace(bytes, position, Math.min(bytes.length, position + 1 + random.below(4)), [])
    case 4: {
      const from = random.below(bytes.length)
      return replace(bytes, position, position, bytes.subarray(from, from + 1 + random.below(16)))
    }
    default:
      return bytes.slice(0, position)
  }
}

/** Puts another integer in the place of a byte run that reads as a LEB128. */
export function mutateInteger(bytes: Bytes, random: Random): Bytes {
  let end = 8 + random.below(Math.max(0, bytes.length - 8))
  const start = end
  while (end < bytes.length && end < start + 9 && bytes[end]! >= 0x80) end++
  return replace(bytes, start, end + 1, leb128(random, bytes[start] ?? 0))
}

/** An integer near the old one or of any size, encoded as it should be, with padding, or at too great a length. */
export function leb128(random: Random, old: number): number[] {
  const value = random.oneIn(3) ? (old + random.below(5) - 2) >>> 0 : random.integer()
  const encoded = random.oneIn(4)
    ? [...new Writer().s64(random.oneIn(3) ? random.bigint() : BigInt(value | 0)).written]
    : [...new Writer().u32(value).written]
  if (!random.oneIn(4)) return encoded
  const last = encoded.pop()!
  const padding = 1 + random.below(10)
  const negative = (last & 0x40) !== 0 && random.oneIn(2)
  return [
    ...encoded,
    last | 0x80,
    ...Array<number>(padding - 1).fill(negative ? 0xff : 0x80),
    negative ? 0x7f : 0x00,
  ]
}
