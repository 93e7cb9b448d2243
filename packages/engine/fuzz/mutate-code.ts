/** Mutations of function bodies, instruction by instruction; sizes are kept right. */
import { sectionId } from '../src/binary/module-structure.ts'
import { Writer } from '../src/binary/writer.ts'
import { randomInstruction } from './instructions.ts'
import { mutateBytes, mutateInteger, replace } from './mutate-bytes.ts'
import type { Random } from './random.ts'
import type { Body, Bytes } from './sections.ts'
import { bodyOf, entriesOf, fromBody, fromEntries, join, split } from './sections.ts'

export function mutateCode(bytes: Bytes, random: Random, other: () => Bytes): Bytes {
  const { sections, tail } = split(bytes)
  const at = sections.findIndex(({ id }) => id === sectionId.code)
  const entries = at < 0 ? undefined : entriesOf(sections[at]!)
  if (!entries || entries.length === 0) return mutateBytes(bytes, random)
  const place = random.below(entries.length)
  const body = bodyOf(entries[place]!)
  if (!body) return mutateInteger(bytes, random)
  const changed = fromEntries(sectionId.code, entries.with(place, fromBody(mutateBody(body, random, other))))
  return join({ sections: sections.with(at, changed), tail })
}

function mutateBody({ bytes, starts }: Body, random: Random, other: () => Bytes): Uint8Array {
  const count = starts.length - 1
  const at = random.below(count)
  const until = Math.min(count, at + 1 + random.below(3))
  const [start, end] = [starts[at] ?? bytes.length, starts[until] ?? bytes.length]
  switch (random.below(11)) {
    case 0:
      return replace(bytes, start, end, [])
    case 1:
      return replace(bytes, start, start, bytes.subarray(start, end))
    case 2:
    case 3:
      return replace(bytes, start, start, randomInstruction(random))
    case 4:
      return replace(bytes, start, starts[at + 1] ?? end, randomInstruction(random))
    case 5: {
      const theirs = foreignInstructions(random, other())
      return theirs ? replace(bytes, start, random.oneIn(2) ? start : end, theirs) : bytes
    }
    case 6:
      return wrapped(bytes, starts, random)
    case 7:
      return moreLocals(bytes, random)
    case 8: // dead code
      return replace(bytes, start, start, [random.pick([0x00, 0x0f])])
    case 9: // behind the last `end`
      return random.oneIn(4) ? replace(bytes, bytes.length, bytes.length, randomInstruction(random)) : bytes
    default: {
      const inside = replace(bytes.subarray(start, end), 0, 0, new Uint8Array(8))
      const mutated = random.oneIn(3) ? mutateBytes(inside, random) : mutateInteger(inside, random)
      return replace(bytes, start, end, mutated.subarray(8))
    }
  }
}

function foreignInstructions(random: Random, bytes: Bytes): Uint8Array | undefined {
  const section = split(bytes).sections.find(({ id }) => id === sectionId.code)
  const entries = section && entriesOf(section)
  const body = entries && entries.length > 0 ? bodyOf(random.pick(entries)) : undefined
  if (!body) return undefined
  const from = random.below(body.starts.length - 1)
  const to = Math.min(body.starts.length - 1, from + 1 + random.below(6))
  return body.bytes.subarray(body.starts[from], body.starts[to])
}

/** Instructions in a block, a loop, a `try_table`, or thousands of them. */
function wrapped(bytes: Uint8Array, starts: readonly number[], random: Random): Uint8Array {
  const from = random.below(starts.length - 1)
  const to = from + random.below(starts.length - 1 - from)
  const depth = random.oneIn(30) ? 1 + random.below(5_000) : 1 + random.below(3)
  const opening = random.pick([
    [0x02, 0x40],
    [0x03, 0x40],
    [0x06, 0x40],
    [0x1f, 0x40, 0x00],
    [0x1f, 0x40, 0x01, 0x02, 0x00],
    [0x02, 0x7f],
    [0x41, 0x00, 0x04, 0x40],
  ])
  const output = new Writer().bytes(bytes.subarray(0, starts[from]))
  for (let level = 0; level < depth; level++) output.byte(...opening)
  output.bytes(bytes.subarray(starts[from], starts[to]))
  for (let level = 0; level < depth; level++) output.byte(0x0b)
  return output.bytes(bytes.subarray(starts[to])).written.slice()
}

/** V8 takes 50,000 locals a function; a few bytes can declare four thousand million. */
function moreLocals(bytes: Uint8Array, random: Random): Uint8Array {
  const groups = bytes[0]!
  if (groups >= 0x7f) return bytes
  const count = random.oneIn(2)
    ? random.below(50)
    : random.pick([49_990, 50_000, 50_001, 1_000_000, 2 ** 32 - 1])
  const type = random.pick([[0x7f], [0x7e], [0x7b], [0x70], [0x63, 0x70], [0x64, 0x70], [0x63, 0x00], [0x68]])
  return replace(replace(bytes, 1, 1, [...new Writer().u32(count).byte(...type).written]), 0, 1, [groups + 1])
}
