/** Makes a finding's binary smaller as long as the finding stays the same: sections, entries, instructions, bytes. */
import { sectionId } from '../src/binary/module-structure.ts'
import { replace } from './mutate-bytes.ts'
import type { Bytes, Part } from './sections.ts'
import { bodyOf, entriesOf, fromBody, fromEntries, join, split } from './sections.ts'

/** How many smaller binaries are tried at most. */
const mostAttempts = 600

export async function minimise(bytes: Bytes, same: (smaller: Bytes) => Promise<boolean>): Promise<Bytes> {
  let best = bytes
  let attempts = 0
  for (const candidates of [lessSections, lessPairs, lessEntries, lessInstructions, lessBytes]) {
    for (let place = 0; ;) {
      const smaller = candidates(best, place)
      if (smaller === undefined || attempts++ > mostAttempts) break
      if (smaller.length < best.length && (await same(smaller))) best = smaller
      else place++
    }
  }
  return best
}

type Candidate = (bytes: Bytes, place: number) => Bytes | undefined

const lessSections: Candidate = (bytes, place) => {
  const { sections, tail } = split(bytes)
  return place < sections.length ? join({ sections: sections.toSpliced(place, 1), tail }) : undefined
}

/** Two at once: a function section goes with its code section. */
const lessPairs: Candidate = (bytes, place) => {
  const { sections, tail } = split(bytes)
  const [one, other] = [Math.floor(place / sections.length), place % sections.length]
  if (one >= sections.length) return undefined
  return join({ sections: sections.filter((_, index) => index !== one && index !== other), tail })
}

const lessEntries: Candidate = (bytes, place) => {
  const { sections, tail } = split(bytes)
  let rest = place
  for (const [at, section] of sections.entries()) {
    const entries = entriesOf(section) ?? []
    if (rest < entries.length) {
      // From behind: what others refer to by index stays in its place for longer.
      const less = entries.toSpliced(entries.length - 1 - rest, 1)
      return join({ sections: sections.with(at, fromEntries(section.id, less)), tail })
    }
    rest -= entries.length
  }
  return undefined
}

const lessInstructions: Candidate = (bytes, place) => {
  const { sections, tail } = split(bytes)
  const at = sections.findIndex(({ id }) => id === sectionId.code)
  const entries = at < 0 ? undefined : entriesOf(sections[at]!)
  if (!entries) return undefined
  let rest = place
  for (const [index, entry] of entries.entries()) {
    const body = bodyOf(entry)
    if (!body) continue
    // Runs of eight, four, two and one, so that what belongs together can go together.
    const count = body.starts.length - 1
    for (const run of [8, 4, 2, 1]) {
      if (rest < count) {
        const less = replace(body.bytes, body.starts[rest]!, body.starts[Math.min(count, rest + run)]!, [])
        const changed: Part = fromEntries(sectionId.code, entries.with(index, fromBody(less)))
        return join({ sections: sections.with(at, changed), tail })
      }
      rest -= count
    }
  }
  return undefined
}

const lessBytes: Candidate = (bytes, place) =>
  8 + place < bytes.length ? replace(bytes, 8 + place, 9 + place, []) : undefined
