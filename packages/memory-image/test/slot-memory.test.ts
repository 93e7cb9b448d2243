import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from 'vitest'
import {
  ImageClosedError,
  imageMappings,
  kernelFeatures,
  MemoryImage,
  RawReservation,
  SlotMemory,
  SlotStateError,
  SystemCallError,
} from '../src/index.ts'
import { injectFaults } from '../src/testing.ts'
import { mappingsWithin } from './support/kernel.ts'

const page = kernelFeatures().pageBytes
const wasmPage = 65_536
const capacity = 64 * wasmPage
const initial = 16 * wasmPage

let image: MemoryImage
let other: MemoryImage
let reservation: RawReservation
let slot: SlotMemory

beforeAll(() => {
  image = MemoryImage.fromBytes(new Uint8Array(3 * wasmPage).fill(0x11), { offset: wasmPage })
  other = MemoryImage.fromBytes(new Uint8Array(wasmPage).fill(0x22))
})
beforeEach(() => {
  reservation = new RawReservation(capacity)
  slot = new SlotMemory(reservation)
})
afterEach(() => {
  slot[Symbol.dispose]()
  reservation[Symbol.dispose]()
  expect([image.references, other.references]).toEqual([1, 1])
  expect([imageMappings(image), imageMappings(other)]).toEqual([0, 0])
})
afterAll(() => {
  image.release()
  other.release()
})

function fill(byte: number, length: number): Uint8Array {
  return new Uint8Array(length).fill(byte)
}

/** Image and zeros, as `image` makes it. */
function baseline(logicalBytes: number): Uint8Array {
  const bytes = new Uint8Array(logicalBytes)
  bytes.fill(0x11, wasmPage, 4 * wasmPage)
  return bytes
}

function expectContent(expected: Uint8Array): void {
  expect(slot.logicalBytes).toBe(expected.byteLength)
  expect(Buffer.compare(slot.read(0, expected.byteLength), expected)).toBe(0)
}

/** Dirties one byte in each of `count` pages, two pages apart. */
function dirtyPages(count: number): void {
  for (let index = 0; index < count; index += 1) slot.write(2 * index * page, Uint8Array.of(0xff))
}

/** Leaves the slot unknown, full of another tenant's bytes. */
function breakReset(): void {
  slot.prepare(image, initial)
  slot.write(0, fill(0xee, wasmPage))
  using _faults = injectFaults(({ call }) => (call === 'madvise' || call === 'ioctl' ? 'ENOMEM' : undefined))
  expect(() => slot.reset()).toThrow(SystemCallError)
}

describe('prepare', () => {
  test('maps image and zeros, and protects the tail', () => {
    expect(slot.state).toBe('untouched')
    expect(slot.prepare(image, initial)).toBe('mapped')
    expect([slot.state, slot.image, slot.dirty, image.references]).toEqual(['mapped', image, false, 2])
    expectContent(baseline(initial))
    const tail = mappingsWithin(reservation.base + initial, capacity - initial)
    expect(tail.map((mapping) => mapping.permissions)).toEqual(['---p'])
  })

  test('reuses a clean slot of the same image, and sets only the size', () => {
    slot.prepare(image, initial)
    const calls: string[] = []
    using _faults = injectFaults(({ call }) => void calls.push(call))
    expect(slot.prepare(image, initial)).toBe('reused')
    expect(calls).toEqual([])
    expect(slot.prepare(image, initial + wasmPage)).toBe('reused')
    expect(slot.prepare(image, initial - wasmPage)).toBe('reused')
    expect(calls).toEqual(['mprotect', 'mprotect'])
    expectContent(baseline(initial - wasmPage))
    expect(image.references).toBe(2)
  })

  test('resets a dirty slot of the same image', () => {
    slot.prepare(image, initial)
    dirtyPages(100)
    expect(slot.prepare(image, initial)).toBe('reused')
    expectContent(baseline(initial))
  })

  test('replaces another image, dirty or clean, and lets go of it', () => {
    slot.prepare(other, initial)
    expect(slot.prepare(image, initial)).toBe('mapped')
    expect([image.references, other.references]).toEqual([2, 1])
    expectContent(baseline(initial))
    dirtyPages(100)
    slot.grow(initial + wasmPage)
    slot.write(initial, fill(0xee, wasmPage))
    slot.prepare(undefined, initial + 2 * wasmPage)
    expectContent(new Uint8Array(initial + 2 * wasmPage))
    expect([slot.image, image.references]).toEqual([undefined, 1])
  })

  test('an image over the whole of a clean old one takes one mapping and its advice', () => {
    using wide = MemoryImage.fromBytes(fill(0x33, 5 * wasmPage))
    slot.prepare(image, initial)
    slot.write(8 * wasmPage, fill(0xee, wasmPage))
    slot.reset()
    const calls: string[] = []
    {
      using _faults = injectFaults(({ call }) => void calls.push(call))
      slot.prepare(wide, initial)
    }
    expect(calls).toEqual(['mmap', 'madvise'])
    const expected = new Uint8Array(initial)
    expected.fill(0x33, 0, 5 * wasmPage)
    expectContent(expected)
    slot.wipe()
  })

  test.each([
    ['no multiple of the page size', wasmPage * 4 + 1],
    ['less than the image needs', wasmPage],
    ['more than the capacity', capacity + wasmPage],
    ['negative', -wasmPage],
    ['no number', Number.NaN],
  ])('refuses a size that is %s, and changes nothing', (_, size) => {
    slot.prepare(image, initial)
    expect(() => slot.prepare(image, size)).toThrow(RangeError)
    expect([slot.state, slot.logicalBytes, image.references]).toEqual(['mapped', initial, 2])
  })

  test('refuses a closed image, and changes nothing', () => {
    const closed = MemoryImage.fromBytes(Uint8Array.of(1))
    closed.release()
    slot.prepare(image, initial)
    expect(() => slot.prepare(closed, initial)).toThrow(ImageClosedError)
    expect([slot.state, slot.image]).toEqual(['mapped', image])
  })

  test('a slot keeps its image alive', () => {
    const shortLived = MemoryImage.fromBytes(fill(0x44, wasmPage))
    slot.prepare(shortLived, initial)
    shortLived.release()
    slot.write(0, fill(0, 10))
    slot.reset()
    expect(slot.read(0, 10)).toEqual(fill(0x44, 10))
    slot.wipe()
    expect(shortLived.closed).toBe(true)
  })
})

describe('reset', () => {
  test('does nothing for a clean slot', () => {
    slot.prepare(image, initial)
    const calls: string[] = []
    using _faults = injectFaults(({ call }) => void calls.push(call))
    expect(slot.reset()).toBe('nothing')
    expect(calls).toEqual([])
  })

  test.runIf(kernelFeatures().pagemapScan)(
    'copies few pages back, which stay resident, and looks for them when there was a page fault',
    () => {
      slot.prepare(image, initial)
      const calls: string[] = []
      {
        using _faults = injectFaults(({ call }) => void calls.push(call))
        // The first scan after a change of the injection finds out whether the kernel can.
        slot.reset()
        for (const pages of [10, 10, 20]) {
          calls.length = 0
          dirtyPages(pages)
          expect(slot.reset()).toBe('copied-back')
        }
      }
      expect(calls).toEqual(['getrusage', 'ioctl'])
      expectContent(baseline(initial))
      expect(slot.residentBytes()).toBe(20 * page)
    },
  )

  test.runIf(kernelFeatures().pagemapScan)(
    'keeps no more than keepResidentBytes, the lowest addresses',
    () => {
      slot = new SlotMemory(reservation, { keepResidentBytes: 10 * page + 5 })
      slot.prepare(image, initial)
      dirtyPages(10)
      expect(slot.reset()).toBe('copied-back')
      dirtyPages(60)
      expect(slot.reset()).toBe('decommitted')
      expect(slot.residentBytes()).toBe(10 * page)
      expectContent(baseline(initial))
    },
  )

  test.runIf(kernelFeatures().pagemapScan)(
    'pages that are not written any more go, and those that are stay, without a call for it',
    () => {
      slot.prepare(image, initial)
      dirtyPages(60)
      expect(slot.reset()).toBe('copied-back')
      expect(slot.residentBytes()).toBe(60 * page)
      for (let use = 0; use < 40; use += 1) {
        dirtyPages(20)
        slot.reset()
        expectContent(baseline(initial))
      }
      expect(slot.residentBytes()).toBe(20 * page)
      const calls: string[] = []
      using _faults = injectFaults(({ call }) => {
        calls.push(call)
        return undefined
      })
      for (let use = 0; use < 40; use += 1) {
        dirtyPages(20)
        expect(slot.reset()).toBe('copied-back')
      }
      expect(calls.filter((call) => call !== 'ioctl' && call !== 'getrusage')).toEqual([])
      expect(slot.residentBytes()).toBe(20 * page)
    },
  )

  test.runIf(kernelFeatures().pagemapScan)(
    'of one large use few pages are kept, and a later reset gives back what is not needed',
    () => {
      slot.prepare(image, initial)
      dirtyPages(2)
      slot.reset()
      dirtyPages(120)
      expect(slot.reset()).toBe('decommitted')
      expect(slot.residentBytes()).toBe(16 * page)
      for (let use = 0; use < 8; use += 1) {
        dirtyPages(2)
        slot.reset()
      }
      expect(slot.residentBytes()).toBe(2 * page)
      expectContent(baseline(initial))
      // Of uses that stay large the second is kept whole, and copied from then on.
      dirtyPages(120)
      expect(slot.reset()).toBe('decommitted')
      for (let use = 0; use < 5; use += 1) {
        dirtyPages(120)
        expect(slot.reset()).toBe('copied-back')
        expect(slot.residentBytes()).toBe(120 * page)
      }
    },
  )

  test('is exact whatever is written, kept and given back', () => {
    let state = 12_345
    const random = (below: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return (state >>> 8) % below
    }
    slot.prepare(image, initial)
    for (let use = 0; use < 400; use += 1) {
      const pages = use % 100 < 5 ? 40 : random(6)
      for (let write = 0; write < pages; write += 1)
        slot.write(random(initial / page) * page + random(page - 8), fill(random(256), 8))
      slot.reset()
      expectContent(baseline(initial))
    }
  })

  test('keepResidentBytes 0 gives everything back', () => {
    slot = new SlotMemory(reservation, { keepResidentBytes: 0 })
    slot.prepare(image, initial)
    dirtyPages(10)
    expect(slot.reset()).toBe('decommitted')
    expect(slot.residentBytes()).toBe(0)
    expectContent(baseline(initial))
  })

  test('is exact with more ranges than fit into one scan', () => {
    using large = new RawReservation(64 * 2 ** 20)
    const many = new SlotMemory(large, { keepResidentBytes: 64 * 2 ** 20 })
    many.prepare(image, 32 * 2 ** 20)
    for (let offset = 0; offset < 32 * 2 ** 20; offset += 2 * page) many.write(offset, Uint8Array.of(0xff))
    many.reset()
    expect(Buffer.compare(many.read(0, 32 * 2 ** 20), baseline(32 * 2 ** 20))).toBe(0)
    many[Symbol.dispose]()
  })

  test('pages of zeros that were only read cost nothing and take nothing from the limit', () => {
    slot = new SlotMemory(reservation, { keepResidentBytes: page })
    slot.prepare(image, capacity)
    slot.read(4 * wasmPage, capacity - 4 * wasmPage)
    slot.write(capacity - page, Uint8Array.of(1))
    expect(slot.reset()).toBe(kernelFeatures().pagemapScan ? 'copied-back' : 'decommitted')
    expectContent(baseline(capacity))
  })

  test('goes back to the size given to prepare; what was beyond is zero when it comes again', () => {
    slot.prepare(image, initial)
    expect(slot.grow(initial + 3 * wasmPage)).toBe(true)
    slot.write(initial, fill(0xee, 3 * wasmPage))
    slot.reset()
    expect([slot.logicalBytes, slot.dirty]).toEqual([initial, false])
    expect(mappingsWithin(reservation.base + initial, capacity - initial)).toHaveLength(1)
    slot.grow(initial + 3 * wasmPage)
    expectContent(baseline(initial + 3 * wasmPage))
  })

  test.each(['ENOTTY', 'EINVAL', 'EPERM'])('a kernel without PAGEMAP_SCAN (%s) is asked once', (errno) => {
    const calls: string[] = []
    using _faults = injectFaults(({ call }) => {
      calls.push(call)
      return call === 'ioctl' ? errno : undefined
    })
    expect(kernelFeatures().pagemapScan).toBe(false)
    slot.prepare(image, initial)
    for (let use = 0; use < 3; use += 1) {
      dirtyPages(10)
      if (use === 0) expect(slot.residentBytes()).toBe(10 * page)
      expect(slot.reset()).toBe('decommitted')
      expect(slot.residentBytes()).toBe(0)
      expectContent(baseline(initial))
    }
    expect(calls.filter((call) => call === 'ioctl')).toHaveLength(1)
  })

  test('a scan that fails once for want of memory is tried again', () => {
    let fail = false
    using _faults = injectFaults(({ call }) => (call === 'ioctl' && fail ? 'ENOMEM' : undefined))
    slot.prepare(image, initial)
    dirtyPages(10)
    slot.reset()
    fail = true
    dirtyPages(20)
    expect(slot.reset()).toBe('decommitted')
    expectContent(baseline(initial))
    fail = false
    dirtyPages(10)
    expect(slot.reset()).toBe(kernelFeatures().pagemapScan ? 'copied-back' : 'decommitted')
    expectContent(baseline(initial))
  })
})

describe('grow', () => {
  test('refuses beyond the capacity, and shrinking', () => {
    slot.prepare(image, initial)
    expect(slot.grow(capacity + wasmPage)).toBe(false)
    expect(() => slot.grow(initial - wasmPage)).toThrow(RangeError)
    expect(() => slot.grow(initial + 1)).toThrow(RangeError)
    expect(slot.grow(initial)).toBe(true)
    expect([slot.dirty, slot.logicalBytes]).toEqual([false, initial])
    expect(slot.grow(capacity)).toBe(true)
    expect(slot.dirty).toBe(true)
  })

  test('returns false if the kernel refuses, and nothing has changed', () => {
    slot.prepare(image, initial)
    {
      using _faults = injectFaults(({ call, count }) =>
        call === 'mprotect' && count === 1 ? 'ENOMEM' : undefined,
      )
      expect(slot.grow(capacity)).toBe(false)
    }
    expect([slot.state, slot.logicalBytes]).toEqual(['mapped', initial])
    expect(mappingsWithin(reservation.base + initial, capacity - initial)[0]?.permissions).toBe('---p')
  })

  test('makes the slot unknown if not even taking back works', () => {
    slot.prepare(image, initial)
    {
      using _faults = injectFaults(({ call }) => (call === 'mprotect' ? 'ENOMEM' : undefined))
      expect(() => slot.grow(capacity)).toThrow(SystemCallError)
    }
    expect(slot.state).toBe('unknown')
  })
})

describe('unknown and retired', () => {
  test('a failed reset leaves the slot unknown, and closed to all but prepare and wipe', () => {
    breakReset()
    expect([slot.state, slot.mayMap(image)]).toEqual(['unknown', true])
    expect(() => slot.read(0, 1)).toThrow(SlotStateError)
    expect(() => slot.write(0, fill(1, 1))).toThrow(SlotStateError)
    expect(() => slot.grow(capacity)).toThrow(SlotStateError)
    expect(() => slot.reset()).toThrow(SlotStateError)
  })

  test('an unknown slot is wiped before its next use', () => {
    breakReset()
    expect(slot.prepare(image, initial)).toBe('mapped')
    expectContent(baseline(initial))
  })

  test('a failed mapping leaves the slot unknown, holding both images', () => {
    slot.prepare(other, initial)
    {
      using _faults = injectFaults(({ call, count }) =>
        call === 'mmap' && count === 2 ? 'ENOMEM' : undefined,
      )
      slot.markDirty()
      expect(() => slot.prepare(image, initial)).toThrow(/vm\.max_map_count/u)
    }
    expect([slot.state, slot.mayMap(image), slot.mayMap(other)]).toEqual(['unknown', true, true])
    expect([image.references, other.references]).toEqual([2, 2])
    slot.wipe()
    expect([slot.state, slot.mayMap(image), slot.mayMap(other)]).toEqual(['untouched', false, false])
  })

  test('a slot whose wipe fails is retired for good, and what it held is out of reach', () => {
    breakReset()
    {
      using _faults = injectFaults(({ call }) => (call === 'mmap' ? 'ENOMEM' : undefined))
      expect(() => slot.prepare(image, initial)).toThrow(SystemCallError)
    }
    expect([slot.state, slot.image, image.references]).toEqual(['retired', undefined, 1])
    expect(() => slot.prepare(undefined, 0)).toThrow(SlotStateError)
    expect(() => slot.wipe()).toThrow(SlotStateError)
    expect(() => slot.read(0, 1)).toThrow(SlotStateError)
    const left = mappingsWithin(reservation.base, capacity)
    expect(new Set(left.map((mapping) => mapping.permissions))).toEqual(new Set(['---p']))
    slot[Symbol.dispose]()
    expect(slot.state).toBe('retired')
  })
})

describe('wipe', () => {
  test('removes everything and gives all pages back', () => {
    slot.prepare(image, initial)
    slot.write(0, fill(0xee, initial))
    slot.wipe()
    expect([slot.state, slot.logicalBytes, slot.image, slot.dirty]).toEqual([
      'untouched',
      0,
      undefined,
      false,
    ])
    expect([slot.residentBytes(), imageMappings(image)]).toEqual([0, 0])
    expect(mappingsWithin(reservation.base, capacity).map((mapping) => mapping.permissions)).toEqual(['---p'])
    slot.prepare(undefined, initial)
    expectContent(new Uint8Array(initial))
  })

  test('of a wiped slot takes no system call', () => {
    slot.wipe()
    using _faults = injectFaults(() => 'EIO')
    slot.wipe()
    expect(slot.state).toBe('untouched')
  })
})

describe('read and write', () => {
  test('are bounded by the logical size', () => {
    slot.prepare(image, initial)
    expect(slot.read(initial, 0)).toEqual(new Uint8Array())
    for (const [address, length] of [
      [initial, 1],
      [initial - 1, 2],
      [-1, 1],
      [0, -1],
      [0.5, 1],
      [0, 2 ** 53],
      [Number.NaN, 0],
    ] as const) {
      expect(() => slot.read(address, length)).toThrow(RangeError)
    }
    expect(() => slot.write(initial - 1, fill(1, 2))).toThrow(RangeError)
    expect(slot.dirty).toBe(false)
  })

  test('copy', () => {
    slot.prepare(undefined, initial)
    const bytes = fill(5, 3)
    slot.write(wasmPage - 1, bytes)
    bytes.fill(6)
    const copy = slot.read(wasmPage - 2, 5)
    expect(copy).toEqual(Uint8Array.of(0, 5, 5, 5, 0))
    slot.write(wasmPage - 1, bytes)
    expect(copy).toEqual(Uint8Array.of(0, 5, 5, 5, 0))
  })
})

describe('reservations', () => {
  test('a disposed one disarms its slots', () => {
    slot.prepare(image, initial)
    reservation[Symbol.dispose]()
    reservation[Symbol.dispose]()
    expect([reservation.base, reservation.byteLength]).toEqual([0, 0])
    expect(() => slot.read(0, 1)).toThrow(SlotStateError)
    expect(() => slot.prepare(image, initial)).toThrow(SlotStateError)
    slot[Symbol.dispose]()
    expect(image.references).toBe(1)
  })

  test('have guard regions on both sides', () => {
    using guarded = new RawReservation(wasmPage, { guardBytes: 100_000 })
    const rounded = Math.ceil(100_000 / page) * page
    const around = mappingsWithin(guarded.base - rounded, wasmPage + 2 * rounded)
    expect(around.every((mapping) => mapping.permissions === '---p')).toBe(true)
    expect(around.reduce((sum, mapping) => sum + mapping.end - mapping.start, 0)).toBe(wasmPage + 2 * rounded)
  })

  test.each([0, -wasmPage, 100, Number.NaN])('of %s bytes are refused', (byteLength) => {
    expect(() => new RawReservation(byteLength)).toThrow(RangeError)
    expect(() => new SlotMemory({ base: reservation.base, byteLength })).toThrow(RangeError)
  })

  test('that the kernel refuses are a clear error', () => {
    expect(() => new RawReservation(2 ** 50)).toThrow(/mmap failed with ENOMEM: .*vm\.max_map_count/u)
  })

  test('whose advice fails are given back', () => {
    const calls: string[] = []
    using _faults = injectFaults(({ call }) => {
      calls.push(call)
      return call === 'madvise' ? 'ENOMEM' : undefined
    })
    expect(() => new RawReservation(wasmPage)).toThrow(SystemCallError)
    expect(calls).toEqual(['mmap', 'madvise', 'munmap'])
  })

  test('advice that the kernel does not know is left out', () => {
    using _faults = injectFaults(({ call }) => (call === 'madvise' ? 'EINVAL' : undefined))
    expect(kernelFeatures().noHugePageAdvice).toBe(false)
    using plain = new RawReservation(wasmPage)
    expect(plain.byteLength).toBe(wasmPage)
  })
})
