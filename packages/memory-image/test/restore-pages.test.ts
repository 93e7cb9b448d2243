/**
 * Kinds of pages that a test machine does not have: swapped out, and merged by KSM into the page of zeros. The scan's
 * answer is changed, the pages are real.
 */

import { afterAll, expect, test, vi } from 'vitest'
import { kernelFeatures, MemoryImage, RawReservation, SlotMemory } from '../src/index.ts'

const kinds = vi.hoisted(() => ({ swapped: false, zero: false }))

vi.mock(import('../src/slot/page-scan.ts'), async (original) => {
  const actual = await original()
  return {
    ...actual,
    regionIsSwapped: (index: number) => kinds.swapped || actual.regionIsSwapped(index),
    regionIsZeroPage: (index: number) => kinds.zero || actual.regionIsZeroPage(index),
  }
})

const wasmPage = 65_536
const image = MemoryImage.fromBytes(new Uint8Array(2 * wasmPage).fill(1), { offset: wasmPage })
const reservation = new RawReservation(8 * wasmPage)
const slot = new SlotMemory(reservation)

afterAll(() => {
  slot[Symbol.dispose]()
  reservation[Symbol.dispose]()
  image.release()
})

function baseline(): Uint8Array {
  const content = new Uint8Array(4 * wasmPage)
  content.fill(1, wasmPage, 3 * wasmPage)
  return content
}

test.runIf(kernelFeatures().pagemapScan)(
  'swapped pages are given back, not read in to be overwritten',
  () => {
    slot.prepare(image, 4 * wasmPage)
    slot.write(0, new Uint8Array(4 * wasmPage).fill(0xee))
    kinds.swapped = true
    expect(slot.reset()).toBe('decommitted')
    kinds.swapped = false
    expect(slot.residentBytes()).toBe(0)
    expect(slot.read(0, 4 * wasmPage)).toEqual(baseline())
  },
)

test.runIf(kernelFeatures().pagemapScan)('a page of zeros in the place of an image page is restored', () => {
  slot.prepare(image, 4 * wasmPage)
  slot.write(wasmPage, new Uint8Array(2 * wasmPage))
  kinds.zero = true
  expect(slot.reset()).toBe('copied-back')
  kinds.zero = false
  expect(slot.read(0, 4 * wasmPage)).toEqual(baseline())
})
