/** What pool and peers do side by side: the small guests, and for the floor the same work in numbers. */
import { growingGuest } from '../guests/growing-guest.ts'
import { tenMebibyteGuest } from '../guests/ten-mebibyte-guest.ts'

export interface PeerWork {
  readonly name: string
  readonly title: string
  readonly guest: Uint8Array<ArrayBuffer>
  /** Of `run`, in every timed use. */
  readonly argument: number
  /** Of one use before each few timed ones. */
  readonly afterOneOf?: number
  readonly floor: FloorWork
}

/** In bytes. */
interface FloorWork {
  readonly memory: number
  readonly image: number
  readonly growth: number
  readonly distance: number
  /** How many places a use writes to, `distance` apart. */
  places(argument: number): number
}

const kib = 1024
const mib = 1024 * kib
const pageBytes = 4 * kib

function writes(
  name: string,
  title: string,
  distance: number,
  argument: number,
  afterOneOf?: number,
): PeerWork {
  return {
    name,
    title,
    guest: tenMebibyteGuest(distance),
    argument,
    ...(afterOneOf !== undefined && { afterOneOf }),
    floor: { memory: 10 * mib, image: mib, growth: 0, distance, places: (pages) => pages },
  }
}

function counted(pages: number): string {
  return `${pages.toLocaleString('en')} ${pages === 1 ? 'page' : 'pages'}`
}

export function peerWorks(): PeerWork[] {
  const memory = '10 MiB, 1 MiB of data'
  return [
    {
      name: 'grow-17',
      title: '17 pages, grows by one page',
      guest: growingGuest(),
      argument: 1,
      floor: {
        memory: 17 * 64 * kib,
        image: 8 * kib,
        growth: 64 * kib,
        distance: pageBytes,
        places: () => 1,
      },
    },
    ...[0, 1, 10, 100].map((pages) =>
      writes(`ten-mebibyte-${pages}`, `${memory}, writes ${counted(pages)}`, 100 * kib, pages),
    ),
    ...[10, 100, 1_000].map((pages) =>
      writes(`adjoining-${pages}`, `the same, ${counted(pages)} in a row`, pageBytes, pages),
    ),
    ...[10, 33, 100, 1_000].map((pages) =>
      writes(`every-second-${pages}`, `the same, every second page, ${counted(pages)}`, 2 * pageBytes, pages),
    ),
    writes('one-after-1000', 'the same, 1 page, 50 times after one use of 1,000', pageBytes, 1, 1_000),
  ]
}
