/** What resets have left resident goes back to the kernel, and the slot reads as before. */
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import {
  kernelFeatures,
  MemoryImage,
  RawReservation,
  SlotMemory,
  SlotStateError,
  SystemCallError,
} from '../src/index.ts'
import { injectFaults } from '../src/testing.ts'

const page = kernelFeatures().pageBytes
const wasmPage = 65_536
const image = MemoryImage.fromBytes(new Uint8Array(2 * wasmPage).fill(0x11))
const scans = kernelFeatures().pagemapScan

let reservation: RawReservation
let slot: SlotMemory

beforeEach(() => {
  reservation = new RawReservation(16 * wasmPage)
  slot = new SlotMemory(reservation)
  slot.prepare(image, 4 * wasmPage)
})
afterEach(() => {
  slot[Symbol.dispose]()
  reservation[Symbol.dispose]()
})
afterAll(() => image.release())

/** Writes to one byte of each of the first pages of image and zeros, and grows. */
function use(): void {
  for (let at = 0; at < 5; at += 1) slot.write(at * page, Uint8Array.of(9))
  slot.write(3 * wasmPage, Uint8Array.of(9))
  expect(slot.grow(6 * wasmPage)).toBe(true)
  slot.write(5 * wasmPage, Uint8Array.of(9))
}

function expectBaseline(): void {
  const bytes = new Uint8Array(4 * wasmPage)
  bytes.fill(0x11, 0, 2 * wasmPage)
  expect(Buffer.compare(slot.read(0, 4 * wasmPage), bytes)).toBe(0)
}

test.runIf(scans)('all that was kept goes, beyond the present size too; image and size stay', () => {
  use()
  expect(slot.trimmable).toBe(false)
  slot.trim()
  expect(slot.residentBytes()).toBe(7 * page)
  expect(slot.reset()).toBe('copied-back')
  expect([slot.trimmable, slot.residentBytes()]).toEqual([true, 7 * page])
  slot.trim()
  expect([slot.trimmable, slot.residentBytes(), slot.image, slot.logicalBytes]).toEqual([
    false,
    0,
    image,
    4 * wasmPage,
  ])
  expectBaseline()
  expect(slot.grow(6 * wasmPage)).toBe(true)
  expect(slot.read(5 * wasmPage, 1)).toEqual(Uint8Array.of(0))
})

test('a reset can be told to keep nothing this time', () => {
  use()
  expect(slot.reset(0)).toBe('decommitted')
  expect([slot.trimmable, slot.residentBytes()]).toEqual([false, 0])
  expectBaseline()
})

test.runIf(scans)('where the kernel refuses, all stays as it was, and the next reset offers it again', () => {
  use()
  slot.reset()
  {
    using _faults = injectFaults(({ call }) => (call === 'madvise' ? 'EINVAL' : undefined))
    expect(() => slot.trim()).toThrow(SystemCallError)
  }
  expect([slot.state, slot.trimmable, slot.residentBytes()]).toEqual(['mapped', false, 7 * page])
  expectBaseline()
  slot.write(0, Uint8Array.of(1))
  slot.reset()
  expect(slot.trimmable).toBe(true)
  slot.trim()
  expect(slot.residentBytes()).toBe(0)
  expectBaseline()
})

test('in any state it does nothing that it should not', () => {
  slot.wipe()
  slot.trim()
  slot[Symbol.dispose]()
  slot.trim()
  expect([slot.state, slot.trimmable]).toEqual(['retired', false])
  expect(() => slot.reset()).toThrow(SlotStateError)
})
