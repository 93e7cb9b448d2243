/**
 * Resets that do not ask the kernel which pages are private, since this thread has had no page fault. Guests write through
 * views here, as V8's code does: the slot sees nothing of it.
 */

import * as fc from 'fast-check'
import { open, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { kernelFeatures, MemoryImage, RawReservation, SlotMemory, viewOver } from '../src/index.ts'
import { injectFaults } from '../src/testing.ts'

const page = kernelFeatures().pageBytes
const wasmPage = 65_536
const initial = 4 * wasmPage
const capacity = 12 * wasmPage
const image = MemoryImage.fromBytes(new Uint8Array(2 * wasmPage).fill(0x11), { offset: page })
const zeros = new Uint8Array(capacity)
const scans = kernelFeatures().pagemapScan

let reservation: RawReservation
let slot: SlotMemory
let guest: Uint8Array

beforeEach(() => {
  reservation = new RawReservation(capacity)
  slot = new SlotMemory(reservation)
  slot.prepare(image, initial)
  guest = new Uint8Array(viewOver(reservation.base, capacity))
})
afterEach(() => {
  slot[Symbol.dispose]()
  reservation[Symbol.dispose]()
})
afterAll(() => image.release())

function baseline(): Uint8Array {
  const bytes = new Uint8Array(initial)
  bytes.fill(0x11, page, page + 2 * wasmPage)
  return bytes
}

function expectBaseline(): void {
  expect(Buffer.compare(slot.read(0, slot.logicalBytes), baseline())).toBe(0)
}

function write(...places: number[]): void {
  slot.markDirty('this-thread')
  for (const place of places) guest[place] = 0xee
}

/** The system calls of `action`. */
function callsOf(action: () => void): string[] {
  const calls: string[] = []
  using _faults = injectFaults(({ call }) => void calls.push(call))
  action()
  return calls
}

/**
 * How many uses were reset without a scan, of enough to see it: other things that this thread does have page faults, too, while its
 * heap grows or memory is short in every turn for a while.
 */
function resetsWithoutScan(use: () => void): number {
  let found = 0
  for (let turn = 0; turn < 50 || (found <= 10 && turn < 5_000); turn += 1) {
    use()
    const calls = callsOf(() => slot.reset())
    if (calls.length === 1 && calls[0] === 'getrusage') found += 1
  }
  return found
}

test.runIf(scans)('pages of the last use are restored without a scan, image and zeros', () => {
  expect(resetsWithoutScan(() => write(0, page, 3 * page, initial - 1))).toBeGreaterThan(10)
  expectBaseline()
})

test.runIf(scans)('where the kernel refuses to count, every reset looks', () => {
  using _faults = injectFaults(({ call }) => (call === 'getrusage' ? 'EPERM' : undefined))
  for (let use = 0; use < 5; use += 1) {
    write(0, (use % 3) * page)
    slot.reset()
    expectBaseline()
  }
})

test.runIf(scans)('where other threads may have written, that reset looks, and the next one too', () => {
  resetsWithoutScan(() => write(0))
  write(0)
  slot.markDirty()
  expect(callsOf(() => slot.reset())).toContain('ioctl')
  write(0)
  expect(callsOf(() => slot.reset())).toContain('ioctl')
  expect(resetsWithoutScan(() => write(0))).toBeGreaterThan(10)
})

test('what a thread pool has written is gone', async () => {
  const path = `${tmpdir()}/warmslot-page-faults-${process.pid}`
  await writeFile(path, Buffer.alloc(8 * page, 0xdd))
  await using file = await open(path)
  for (let use = 0; use < 20; use += 1) {
    write(0)
    slot.reset()
    slot.markDirty()
    await file.read(guest, (use % 5) * 8 * page, 8 * page, 0)
    slot.reset()
    write(0)
    slot.reset()
    expectBaseline()
  }
})

test('more ranges than a slot remembers', () => {
  slot.prepare(undefined, capacity)
  for (let use = 0; use < 20; use += 1) {
    write(...Array.from({ length: capacity / page / 2 }, (_, index) => 2 * index * page))
    slot.reset()
  }
  expect(Buffer.compare(slot.read(0, capacity), zeros)).toBe(0)
})

test('pages that go by trim or by a smaller limit are missed by nobody', () => {
  for (let use = 0; use < 60; use += 1) {
    write(0, (use % 7) * page)
    if (use % 5 === 4) slot.reset(page)
    else slot.reset()
    if (use % 3 === 2) slot.trim()
    if (use % 10 === 9) expectBaseline()
  }
})

const use = fc.record({
  places: fc.array(fc.record({ page: fc.nat(capacity / page - 1), offset: fc.nat(page - 1) }), {
    maxLength: 12,
  }),
  grownPages: fc.constantFrom(0, 0, 0, 2, 8),
  times: fc.integer({ min: 1, max: 4 }),
  check: fc.boolean(),
})

test('random uses that repeat, grow and shrink', () => {
  let withoutScan = 0
  fc.assert(
    fc.property(fc.array(use, { minLength: 1, maxLength: 12 }), (uses) => {
      slot.prepare(image, initial)
      for (const { places, grownPages, times, check } of uses) {
        for (let time = 0; time < times; time += 1) {
          if (grownPages > 0) expect(slot.grow(initial + grownPages * wasmPage)).toBe(true)
          const grown = guest.subarray(initial, slot.logicalBytes)
          expect(Buffer.compare(grown, zeros.subarray(0, grown.length))).toBe(0)
          slot.markDirty('this-thread')
          for (const place of places) {
            const address = place.page * page + place.offset
            if (address < slot.logicalBytes) guest[address] = 0xee
          }
          if (!callsOf(() => slot.reset()).includes('ioctl')) withoutScan += 1
        }
        if (check) expectBaseline()
      }
      expectBaseline()
    }),
    { numRuns: 300 },
  )
  if (scans) expect(withoutScan).toBeGreaterThan(100)
})
