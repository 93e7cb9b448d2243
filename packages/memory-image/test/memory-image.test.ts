import { closeSync, fstatSync, ftruncateSync, openSync, readdirSync, readSync, writeSync } from 'node:fs'
import * as fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import {
  imageDescriptors,
  ImageClosedError,
  kernelFeatures,
  MemoryImage,
  type Segment,
  SystemCallError,
} from '../src/index.ts'
import { injectFaults } from '../src/testing.ts'
import { memfdDescriptors } from './support/kernel.ts'

const page = kernelFeatures().pageBytes

/** The image's bytes, read from its memfd. */
function contentOf(image: MemoryImage): Uint8Array {
  const bytes = new Uint8Array(image.byteLength)
  if (image.descriptor !== undefined) readSync(image.descriptor, bytes, 0, bytes.byteLength, 0)
  return bytes
}

/** Linear memory as a plain array: what WebAssembly's instantiation would make of the segments. */
function linearMemory(segments: readonly Segment[], byteLength: number): Uint8Array {
  const memory = new Uint8Array(byteLength)
  for (const { offset, bytes } of segments) memory.set(bytes, offset)
  return memory
}

afterEach(() => {
  expect(memfdDescriptors()).toEqual([])
})

describe('what an image holds', () => {
  test('zeros before and after are trimmed to pages', () => {
    using image = MemoryImage.fromSegments([
      { offset: 3 * page - 100, bytes: new Uint8Array(50) },
      { offset: 3 * page + 7, bytes: Uint8Array.of(1, 2, 3) },
      { offset: 5 * page - 1, bytes: Uint8Array.of(4, 0, 0) },
    ])
    expect(image.offset).toBe(3 * page)
    expect(image.byteLength).toBe(2 * page)
    const expected = new Uint8Array(2 * page)
    expected.set([1, 2, 3], 7)
    expected[2 * page - 1] = 4
    expect(contentOf(image)).toEqual(expected)
  })

  test.each([
    [[]],
    [[{ offset: 5, bytes: new Uint8Array() }]],
    [[{ offset: 5, bytes: new Uint8Array(3 * page) }]],
  ])('zeros only: no memfd (%#)', (segments) => {
    using image = MemoryImage.fromSegments(segments)
    expect(image).toMatchObject({ offset: 0, byteLength: 0, descriptor: undefined, references: 1 })
    expect(memfdDescriptors()).toEqual([])
  })

  test('a later segment overwrites an earlier one, also with zeros', () => {
    using image = MemoryImage.fromSegments([
      { offset: 0, bytes: new Uint8Array(3 * page).fill(9) },
      { offset: page, bytes: new Uint8Array(2 * page) },
    ])
    expect(image).toMatchObject({ offset: 0, byteLength: page })
  })

  test('bytes keep their place', () => {
    const bytes = new Uint8Array(3 * page)
    bytes[2 * page] = 1
    using image = MemoryImage.fromBytes(bytes, { offset: 10 * page })
    expect(image).toMatchObject({ offset: 12 * page, byteLength: page })
  })

  test('shared bytes can be a source, and the source may change afterwards', () => {
    const bytes = new Uint8Array(new SharedArrayBuffer(page)).fill(7)
    using image = MemoryImage.fromBytes(bytes)
    bytes.fill(8)
    expect(contentOf(image)).toEqual(new Uint8Array(page).fill(7))
  })

  test('a wide span costs what its segments cost', () => {
    const gibibyte = 2 ** 30
    using image = MemoryImage.fromSegments([
      { offset: 64 * gibibyte - 8, bytes: new Uint8Array(16).fill(1) },
      { offset: page, bytes: Uint8Array.of(1) },
    ])
    expect(image.byteLength).toBe(64 * gibibyte)
    expect(fstatSync(image.descriptor!).blocks * 512).toBe(3 * page)
  })

  test('pages of zeros inside a large segment are holes', () => {
    const bytes = new Uint8Array(4 * 2 ** 20)
    bytes[0] = 1
    bytes[bytes.byteLength - 1] = 1
    using image = MemoryImage.fromBytes(bytes)
    expect(fstatSync(image.descriptor!).blocks * 512).toBe(2 * page)
  })

  test('any segments make the memory that instantiation makes, at once, in slices, and from the image’s own', async () => {
    const extent = 3 * 2 ** 20
    const segment = fc.record({
      offset: fc.oneof(
        fc.nat(extent),
        fc.nat(3 * page),
        fc.nat(40).map((pages) => pages * page),
      ),
      bytes: fc
        .tuple(fc.oneof(fc.nat(300), fc.nat(4 * page), fc.constantFrom(2 ** 20, 2 ** 20 + 5)), fc.nat(2))
        .map(([length, value]) => new Uint8Array(length).fill(value)),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(segment, { maxLength: 12 }), async (segments) => {
        using image = MemoryImage.fromSegments(segments)
        using slowly = await MemoryImage.fromSegmentsAsync(segments, { label: 'slowly' })
        using again = MemoryImage.fromSegments(image.segments())
        for (const other of [slowly, again]) {
          expect([other.offset, other.byteLength]).toEqual([image.offset, image.byteLength])
          expect(Buffer.compare(contentOf(other), contentOf(image))).toBe(0)
        }
        const written = image.byteLength === 0 ? 0 : fstatSync(image.descriptor!).blocks * 512
        expect([...image.segments()].reduce((sum, { bytes }) => sum + bytes.length, 0)).toBe(written)
        expect(image.contentBytes).toBe(written)
        const actual = linearMemory([{ offset: image.offset, bytes: contentOf(image) }], 2 * extent)
        expect(Buffer.compare(actual, linearMemory(segments, 2 * extent))).toBe(0)
        expect([image.offset % page, image.byteLength % page]).toEqual([0, 0])
        if (image.byteLength > 0) {
          const content = contentOf(image)
          expect(content.subarray(0, page).some((byte) => byte !== 0)).toBe(true)
          expect(content.subarray(-page).some((byte) => byte !== 0)).toBe(true)
        }
      }),
      { numRuns: 60 },
    )
  })

  test.each([-1, 0.5, Number.NaN, 2 ** 53])('an offset of %s is refused', (offset) => {
    expect(() => MemoryImage.fromBytes(Uint8Array.of(1), { offset })).toThrow(RangeError)
  })

  test('an end beyond the safe integers is refused', () => {
    expect(() => MemoryImage.fromBytes(new Uint8Array(2), { offset: Number.MAX_SAFE_INTEGER - 1 })).toThrow(
      RangeError,
    )
  })
})

describe('sealing', () => {
  test('nobody can write to it or resize it, not even through a descriptor of their own', () => {
    using image = MemoryImage.fromBytes(Uint8Array.of(1))
    const own = openSync(`/proc/self/fd/${image.descriptor}`, 'r+')
    try {
      expect(() => writeSync(own, Uint8Array.of(2), 0, 1, 0)).toThrow(/EPERM/u)
      expect(() => ftruncateSync(own, 0)).toThrow(/EPERM/u)
      expect(() => ftruncateSync(own, 2 * page)).toThrow(/EPERM/u)
    } finally {
      closeSync(own)
    }
  })

  test('its descriptor is not inherited by children', () => {
    using image = MemoryImage.fromBytes(Uint8Array.of(1))
    const info = Buffer.alloc(200)
    const file = openSync(`/proc/self/fdinfo/${image.descriptor}`, 'r')
    readSync(file, info)
    closeSync(file)
    const flags = Number.parseInt(/flags:\s*(\d+)/u.exec(info.toString())![1]!, 8)
    expect(flags & 0o2_000_000).not.toBe(0)
  })
})

describe('names', () => {
  test('are unique, readable, and harmless', () => {
    using first = MemoryImage.fromBytes(Uint8Array.of(1), { label: 'pay/ments\n(deleted) é' })
    using second = MemoryImage.fromBytes(Uint8Array.of(1), { label: 'pay/ments\n(deleted) é' })
    expect(first.label).toBe('pay/ments\n(deleted) é')
    expect(first.memfdName).toMatch(/^warmslot:[\w.]+:pay_ments__deleted___$/u)
    expect(first.memfdName).not.toBe(second.memfdName)
    expect(memfdDescriptors().sort()).toEqual(
      [first, second].map((image) => `/memfd:${image.memfdName} (deleted)`).sort(),
    )
  })

  test('of any length work', () => {
    using image = MemoryImage.fromBytes(Uint8Array.of(1), { label: 'x'.repeat(10_000) })
    expect(image.memfdName.length).toBeLessThan(249)
  })
})

describe('references', () => {
  test('the last release closes the memfd', () => {
    const image = MemoryImage.fromBytes(Uint8Array.of(1))
    expect(image.retain()).toBe(image)
    image.release()
    expect([image.references, image.closed, memfdDescriptors().length]).toEqual([1, false, 1])
    image.release()
    expect([image.references, image.closed, memfdDescriptors().length]).toEqual([0, true, 0])
  })

  test('the last asynchronous release closes it before the promise settles', async () => {
    const image = MemoryImage.fromBytes(Uint8Array.of(1)).retain()
    await image.releaseAsync()
    expect(memfdDescriptors()).toHaveLength(1)
    const closing = image.releaseAsync()
    expect(image.closed).toBe(true)
    await closing
    expect(memfdDescriptors()).toEqual([])
  })

  test('a closed image refuses everything', async () => {
    const image = MemoryImage.fromBytes(Uint8Array.of(1))
    image.release()
    expect(() => image.release()).toThrow(ImageClosedError)
    expect(() => image.retain()).toThrow(ImageClosedError)
    expect(() => image.descriptor).toThrow(ImageClosedError)
    await expect(image.releaseAsync()).rejects.toSatisfy((error) => ImageClosedError.isInstance(error))
    expect(image.references).toBe(0)
  })

  test('closed on the way, its segments end with an error', () => {
    const image = MemoryImage.fromBytes(new Uint8Array(3 * 2 ** 20).fill(1))
    const segments = image.segments()
    segments.next()
    image.release()
    expect(() => segments.next()).toThrow(ImageClosedError)
  })
})

describe('failing system calls', () => {
  test.each([
    ['memfd_create', 'EMFILE', /ulimit -n/u],
    ['pwrite', 'ENOSPC', /memory limit/u],
    ['ftruncate', 'EFBIG', /ulimit -f/u],
    ['fcntl', 'EPERM', /fcntl\(2\)/u],
  ])('%s with %s: a clear error, and no descriptor is left', (failing, errno, hint) => {
    using _faults = injectFaults(({ call }) => (call === failing ? errno : undefined))
    let caught: unknown
    try {
      MemoryImage.fromBytes(Uint8Array.of(1))
    } catch (error) {
      caught = error
    }
    expect(SystemCallError.isInstance(caught)).toBe(true)
    expect(caught).toMatchObject({ code: 'WARMSLOT_SYSTEM_CALL', syscall: failing, errno })
    expect((caught as SystemCallError).hint).toMatch(hint)
  })

  test('in slices too: a rejection, and no descriptor is left', async () => {
    const before = readdirSync('/proc/self/fd').length
    using _faults = injectFaults(({ call, count }) =>
      call === 'pwrite' && count === 2 ? 'ENOSPC' : undefined,
    )
    const segments = [0, 2, 4].map((place) => ({ offset: place * page, bytes: Uint8Array.of(1) }))
    await expect(MemoryImage.fromSegmentsAsync(segments)).rejects.toThrow(SystemCallError)
    expect(readdirSync('/proc/self/fd')).toHaveLength(before)
  })

  test('kernels before 6.3 know no MFD_NOEXEC_SEAL', () => {
    using _faults = injectFaults(({ call, count }) =>
      call === 'memfd_create' && count === 1 ? 'EINVAL' : undefined,
    )
    using image = MemoryImage.fromBytes(Uint8Array.of(1))
    expect(contentOf(image)[0]).toBe(1)
  })
})

describe('shared with other threads', () => {
  test('the same memory, on descriptors of their own, until the last lets go', () => {
    const bytes = new Uint8Array(3 * page).fill(5)
    const maker = MemoryImage.fromSegments([
      { offset: page, bytes },
      { offset: 9 * page, bytes },
    ])
    expect([maker.shared, maker.openInThread]).toEqual([false, false])
    const shared = structuredClone(maker.share())
    const [one, other] = [MemoryImage.adopt(shared), MemoryImage.adopt(shared)]
    expect([maker.shared, one.shared, maker.openInThread]).toEqual([true, true, true])
    expect(new Set([maker, one, other].map(({ descriptor }) => fstatSync(descriptor!).ino)).size).toBe(1)
    expect(new Set([maker, one, other].map(({ descriptor }) => descriptor)).size).toBe(3)
    maker.release()
    expect([...one.segments()]).toEqual([...other.segments()])
    expect(one.contentBytes).toBe(6 * page)
    expect(contentOf(one)).toEqual(contentOf(other))
    one.release()
    expect(other.openInThread).toBe(true)
    other.release()
    expect([other.closed, other.openInThread, imageDescriptors(maker)]).toEqual([true, false, 0])
    expect(() => MemoryImage.adopt(shared)).toThrow(ImageClosedError)
  })

  test('a descriptor that is another file by now is not taken', () => {
    const maker = MemoryImage.fromBytes(Uint8Array.of(1))
    const shared = maker.share()
    const stranger = MemoryImage.fromBytes(Uint8Array.of(2))
    const wrong = { ...shared, memfd: { ...shared.memfd!, descriptor: stranger.descriptor! } }
    const before = readdirSync('/proc/self/fd').length
    expect(() => MemoryImage.adopt(wrong)).toThrow(ImageClosedError)
    expect(readdirSync('/proc/self/fd')).toHaveLength(before)
    stranger.release()
    maker.release()
  })

  test('an image of zeros has nothing to share', () => {
    using zeros = MemoryImage.fromSegments([])
    using adopted = MemoryImage.adopt(structuredClone(zeros.share()))
    expect([adopted.byteLength, adopted.descriptor]).toEqual([0, undefined])
  })
})
