/**
 * What the small guests are made to do, on every side of the comparison alike: growing, and writing to k pages that adjoin or
 * of which every second one is skipped, also after a use that wrote to many more.
 */
import { growingGuest } from './growing-guest.ts'
import { pageBytes, tenMebibyteGuest } from './ten-mebibyte-guest.ts'

export interface GuestWork {
  /** Short and stable: the key in the JSON. */
  readonly name: string
  /** For people. */
  readonly title: string
  readonly guest: Uint8Array<ArrayBuffer>
  /** What `run` is given. */
  readonly argument: number
  /** Of the uses that the lightest work is measured with, the share for this: a thousand pages take milliseconds. */
  readonly share: number
  /** Uses that are not timed: one with `argument`, before the first timed use and again after each `everyUses` of them. */
  readonly disturbance: Disturbance | undefined
  /** What a program without WebAssembly must know to do the same. */
  readonly shape: MemoryShape
}

export interface Disturbance {
  readonly argument: number
  readonly everyUses: number
}

/** All in bytes, but for the places. */
export interface MemoryShape {
  readonly memoryBytes: number
  readonly imageBytes: number
  /** What it grows by in each use. */
  readonly growBytes: number
  /** How many places are written to, and how far each is from the one before. */
  readonly places: number
  readonly distanceBytes: number
}

const kib = 1024
const mib = 1024 * kib
const manyPages = 1000

const growing: GuestWork = {
  name: 'grow-17',
  title: '17 pages, grows by one page',
  guest: growingGuest(),
  argument: 1,
  share: 1,
  disturbance: undefined,
  shape: {
    memoryBytes: 17 * 64 * kib,
    imageBytes: 8 * kib,
    growBytes: 64 * kib,
    places: 1,
    distanceBytes: pageBytes,
  },
}

const spacings = [
  { name: 'adjoining', title: ', adjoining', distanceBytes: pageBytes },
  { name: 'second', title: ', every second one', distanceBytes: 2 * pageBytes },
] as const
type Spacing = (typeof spacings)[number]

function writing(pages: number, { name, title, distanceBytes }: Spacing): GuestWork {
  const several = pages > 1
  return {
    name: `ten-mebibyte-${pages}${several ? `-${name}` : ''}`,
    title: `writes ${pages.toLocaleString('en')} ${pages === 1 ? 'page' : 'pages'}${several ? title : ''}`,
    guest: tenMebibyteGuest(distanceBytes),
    argument: pages,
    share: pages < manyPages ? 1 : 1 / 10,
    disturbance: undefined,
    shape: { memoryBytes: 10 * mib, imageBytes: mib, growBytes: 0, places: pages, distanceBytes },
  }
}

/** One page, in the uses that follow one with a thousand. */
function writingAfterMany(everyUses: number): GuestWork {
  const which = everyUses === 1 ? 'the first use' : `the first ${everyUses} uses`
  return {
    ...writing(1, spacings[0]),
    name: `ten-mebibyte-1-after-${manyPages}-${everyUses}`,
    title: `writes 1 page, ${which} after one of ${manyPages.toLocaleString('en')}`,
    share: everyUses === 1 ? 1 / 10 : 1 / 2,
    disturbance: { argument: manyPages, everyUses },
  }
}

/** The memory of all but the first is 10 MiB, of which 1 MiB is data. */
export const guestWorks: readonly GuestWork[] = [
  growing,
  ...[0, 1].map((pages) => writing(pages, spacings[0])),
  ...[10, 100, manyPages].flatMap((pages) => spacings.map((spacing) => writing(pages, spacing))),
  ...[1, 20].map(writingAfterMany),
]
