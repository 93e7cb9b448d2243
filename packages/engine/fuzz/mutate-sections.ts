/** Mutations of whole sections, and of the entries in one. */
import { sectionId } from '../src/binary/module-structure.ts'
import { Writer } from '../src/binary/writer.ts'
import { leb128, mutateBytes, mutateInteger, replace } from './mutate-bytes.ts'
import type { Random } from './random.ts'
import type { Bytes, Part } from './sections.ts'
import { entriesOf, fromEntries, join, split } from './sections.ts'

export function mutateSections(bytes: Bytes, random: Random, other: () => Bytes): Bytes {
  const { sections, tail } = split(bytes)
  if (sections.length === 0) return mutateBytes(bytes, random)
  const list = [...sections]
  const at = random.below(list.length)
  const section = list[at]!
  switch (random.below(9)) {
    case 0:
      list.splice(at, 1)
      break
    case 1:
      list.splice(at, 0, section)
      break
    case 2: {
      const with_ = random.below(list.length)
      list[at] = list[with_]!
      list[with_] = section
      break
    }
    case 3: // shorter, its size right again
      list[at] = { ...section, body: section.body.subarray(0, random.below(section.body.length)) }
      break
    case 4: // longer
      list[at] = {
        ...section,
        body: replace(
          section.body,
          section.body.length,
          section.body.length,
          random.bytes(1 + random.below(9)),
        ),
      }
      break
    case 5:
      list[at] = { ...section, id: random.below(16) }
      break
    case 6:
      list.splice(at, 0, customSection(random))
      break
    case 7: {
      const theirs = split(other()).sections
      if (theirs.length > 0) exchange(list, random.pick(theirs))
      break
    }
    default: // a wrong size
      return wrongSize(bytes, sections, at, random)
  }
  return join({ sections: list, tail })
}

function exchange(list: Part[], section: Part): void {
  const place = list.findIndex(({ id }) => id === section.id)
  if (place < 0) list.push(section)
  else list[place] = section
}

function wrongSize(bytes: Bytes, sections: readonly Part[], at: number, random: Random): Bytes {
  const before = join({ sections: sections.slice(0, at), tail: new Uint8Array(0) }).length
  const size = new Writer().u32(sections[at]!.body.length).written.length
  return replace(bytes, before + 1, before + 1 + size, leb128(random, sections[at]!.body.length))
}

function customSection(random: Random): Part {
  const name = random.pick([
    'name',
    'sourceMappingURL',
    'metadata.code.branch_hint',
    'producers',
    'dylink.0',
    'x',
    '',
  ])
  return {
    id: sectionId.custom,
    body: new Writer()
      .name(name)
      .byte(...random.bytes(random.below(40)))
      .written.slice(),
  }
}

/** One section's entries: dropped, repeated, swapped, taken from another module; changed inside; miscounted. */
export function mutateEntries(bytes: Bytes, random: Random, other: () => Bytes): Bytes {
  const { sections, tail } = split(bytes)
  const at = random.below(sections.length)
  const section = sections[at]
  const entries = section && entriesOf(section)
  if (!entries) return mutateSections(bytes, random, other)
  const changed = mutateList(section, entries, random, other)
  return join({ sections: sections.with(at, changed), tail })
}

function mutateList(section: Part, entries: Uint8Array[], random: Random, other: () => Bytes): Part {
  const place = random.below(entries.length)
  const entry = entries[place]
  switch (entry === undefined ? 4 : random.below(8)) {
    case 0:
      return fromEntries(section.id, entries.toSpliced(place, 1))
    case 1:
      return fromEntries(section.id, entries.toSpliced(place, 0, entry!))
    case 2: {
      const second = random.below(entries.length)
      return fromEntries(section.id, entries.with(place, entries[second]!).with(second, entry!))
    }
    case 3:
      return fromEntries(section.id, entries, random.oneIn(2) ? entries.length + 1 : random.integer())
    case 4:
    case 5: {
      const theirs = split(other()).sections.find(({ id }) => id === section.id)
      const from = theirs && entriesOf(theirs)
      if (!from || from.length === 0) return section
      return fromEntries(section.id, entries.toSpliced(place, random.below(2), random.pick(from)))
    }
    case 6: // very many of the same
      if (!random.oneIn(20)) return section
      return fromEntries(section.id, [...entries, ...Array<Uint8Array>(1 + random.below(2_000)).fill(entry!)])
    default: {
      const inside = random.oneIn(2) ? mutateBytes(entry!.slice(), random) : changedInteger(entry!, random)
      return fromEntries(section.id, entries.with(place, inside))
    }
  }
}

function changedInteger(entry: Uint8Array, random: Random): Bytes {
  // The mutation leaves the first eight bytes alone, a module's header.
  return mutateInteger(replace(entry, 0, 0, new Uint8Array(8)), random).slice(8)
}
