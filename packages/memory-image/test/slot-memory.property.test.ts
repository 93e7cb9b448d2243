/**
 * Any sequence of operations on a slot, with system calls failing anywhere, against a plain model. After each step the
 * whole memory is compared, and what the kernel has mapped is counted and checked.
 */

import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import {
  addressOf,
  kernelFeatures,
  kernelTracesSync,
  mappingsPerSlot,
  MemoryImage,
  RawReservation,
  type Reservation,
  SlotMemory,
  SlotStateError,
  SystemCallError,
} from '../src/index.ts'
import { injectFaults } from '../src/testing.ts'
import { mappedBytes, mappingsWithin } from './support/kernel.ts'
import { v8Memory } from './support/v8-memory.ts'

const page = kernelFeatures().pageBytes
const wasmPage = 65_536
const capacityPages = 16
const capacity = capacityPages * wasmPage
const neverOvercommits = readFileSync('/proc/sys/vm/overcommit_memory', 'utf8').trim() === '2'

function image(offset: number, byteLength: number, byte: number): MemoryImage {
  return MemoryImage.fromBytes(new Uint8Array(byteLength).fill(byte), { offset, label: `image-${byte}` })
}

/** Nested, overlapping, apart, empty, with a hole. */
const images: readonly (MemoryImage | undefined)[] = [
  undefined,
  image(0, wasmPage, 1),
  image(0, 4 * wasmPage, 2),
  image(2 * wasmPage, 2 * wasmPage, 3),
  image(page, 3 * page, 4),
  image(wasmPage + page, 7 * wasmPage, 5),
  MemoryImage.fromSegments([]),
  MemoryImage.fromSegments([
    { offset: page, bytes: Uint8Array.of(7) },
    { offset: 3 * wasmPage, bytes: Uint8Array.of(7) },
  ]),
]

function contentOf(index: number, logicalBytes: number): Uint8Array {
  const content = new Uint8Array(logicalBytes)
  const of = images[index]
  if (index === 7) {
    content[page] = 7
    content[3 * wasmPage] = 7
  } else if (of !== undefined && index < 6) content.fill(index, of.offset, of.offset + of.byteLength)
  return content
}

/** Which system calls of a step fail: none, one, or all from one on. */
interface Fault {
  readonly from: number
  readonly to: number
  readonly errno: string
}

type Step = { readonly fault: Fault | undefined } & (
  | { readonly do: 'prepare'; readonly image: number; readonly pages: number }
  | { readonly do: 'write'; readonly at: number; readonly length: number; readonly canary: number }
  | { readonly do: 'grow'; readonly pages: number }
  | { readonly do: 'reset' | 'wipe' | 'trim' }
)

const fault: fc.Arbitrary<Fault | undefined> = fc.option(
  fc
    .record({
      from: fc.integer({ min: 1, max: 8 }),
      length: fc.constantFrom(1, 2, 1000),
      errno: fc.constantFrom('ENOMEM', 'EINVAL', 'EAGAIN'),
    })
    .map(({ from, length, errno }) => ({ from, to: from + length, errno })),
  { nil: undefined, freq: 3 },
)

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('prepare' as const),
      image: fc.nat(images.length - 1),
      pages: fc.nat(capacityPages),
      fault,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      at: fc.nat(1_000_000),
      length: fc.constantFrom(1, 5, page, wasmPage, 5 * wasmPage),
      canary: fc.integer({ min: 100, max: 255 }),
      fault: fc.constant(undefined),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('grow' as const), pages: fc.nat(capacityPages), fault }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('reset' as const), fault }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wipe' as const), fault }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('trim' as const), fault }) },
)

/** What the slot must be, were it made of plain bytes. */
class Model {
  content: Uint8Array | undefined
  baseline: Uint8Array = new Uint8Array()

  prepared(baseline: Uint8Array): void {
    this.baseline = baseline
    this.content = baseline.slice()
  }

  grown(logicalBytes: number): void {
    const grown = new Uint8Array(logicalBytes)
    grown.set(this.content!)
    this.content = grown
  }
}

/** Returns the error that a step threw, if it is one that it may throw. */
function attempt(action: () => void, planned: Fault | undefined): SystemCallError | undefined {
  using _faults =
    planned === undefined ? undefined : injectFaults(({ call, total }) => failing(call, total, planned))
  try {
    action()
    return undefined
  } catch (error) {
    if (planned !== undefined && SystemCallError.isInstance(error)) return error
    throw error
  }
}

/**
 * EINVAL from madvise(2) says that the kernel was built without an advice. It says so always or never: advice that holds
 * for a part of a slot only would split its mappings, and the bound on them is for kernels as they are.
 */
function failing(call: string, total: number, { from, to, errno }: Fault): string | undefined {
  if (call === 'madvise' && errno === 'EINVAL') return undefined
  return total >= from && total < to ? errno : undefined
}

function run(slot: SlotMemory, model: Model, current: Step): void {
  if (slot.state === 'retired') {
    expect(() => slot.prepare(undefined, 0)).toThrow(SlotStateError)
    return
  }
  if (current.do === 'prepare') {
    const wanted = images[current.image]
    const least = Math.ceil(((wanted?.offset ?? 0) + (wanted?.byteLength ?? 0)) / wasmPage)
    const logicalBytes = Math.max(least, current.pages) * wasmPage
    const error = attempt(() => slot.prepare(wanted, logicalBytes), current.fault)
    if (error === undefined) {
      expect([slot.state, slot.image, slot.dirty]).toEqual(['mapped', wanted, false])
      model.prepared(contentOf(current.image, logicalBytes))
    } else broken(slot, model)
  } else if (current.do === 'wipe') {
    const error = attempt(() => slot.wipe(), current.fault)
    expect(slot.state).toBe(error === undefined ? 'untouched' : 'retired')
    model.content = undefined
  } else if (slot.state !== 'mapped') {
    expect(() => slot.reset()).toThrow(SlotStateError)
    expect(() => slot.read(0, 0)).toThrow(SlotStateError)
  } else if (current.do === 'write') {
    const at = current.at % (slot.logicalBytes + 1)
    const bytes = new Uint8Array(Math.min(current.length, slot.logicalBytes - at)).fill(current.canary)
    slot.write(at, bytes)
    model.content!.set(bytes, at)
  } else if (current.do === 'grow') {
    const logicalBytes = Math.max(slot.logicalBytes, current.pages * wasmPage)
    let grown = false
    const error = attempt(() => {
      grown = slot.grow(logicalBytes)
    }, current.fault)
    if (error !== undefined) broken(slot, model)
    else if (grown) model.grown(logicalBytes)
    else expect(current.fault).toBeDefined()
  } else if (current.do === 'trim') {
    // Whether it is done or refused, the content stays.
    const may = slot.trimmable
    const error = attempt(() => slot.trim(), current.fault)
    expect([slot.state, slot.trimmable]).toEqual(['mapped', false])
    if (may && error === undefined) expect(slot.residentBytes()).toBe(0)
  } else {
    const wasDirty = slot.dirty
    let how = ''
    const error = attempt(() => {
      how = slot.reset()
    }, current.fault)
    if (error === undefined) {
      if (!wasDirty) expect(how).toBe('nothing')
      model.prepared(model.baseline)
    } else broken(slot, model)
  }
}

function broken(slot: SlotMemory, model: Model): void {
  expect(['unknown', 'retired']).toContain(slot.state)
  model.content = undefined
}

function check(slot: SlotMemory, model: Model, reservation: Reservation): void {
  expect(slot.state === 'mapped').toBe(model.content !== undefined)
  const found = mappingsWithin(reservation.base, capacity)
  expect(found.reduce((sum, mapping) => sum + mapping.end - mapping.start, 0)).toBe(capacity)
  if (slot.state === 'unknown' || slot.state === 'retired') return
  expect(found.length).toBeLessThanOrEqual(mappingsPerSlot + (neverOvercommits ? 1 : 0))
  if (model.content === undefined) return
  expect(slot.logicalBytes).toBe(model.content.byteLength)
  expect(Buffer.compare(slot.read(0, slot.logicalBytes), model.content)).toBe(0)
  const border = reservation.base + slot.logicalBytes
  for (const mapping of found) expect(mapping.permissions).toBe(mapping.start < border ? 'rw-p' : '---p')
}

const retainedNames = images.flatMap((one) => (one === undefined ? [] : [one.memfdName]))

afterAll(() => {
  for (const one of images) one?.release()
  expect([...kernelTracesSync(retainedNames).values()].every((traces) => traces.descriptors === 0)).toBe(true)
})

const options = fc.record({
  keepResidentBytes: fc.constantFrom(0, page, 5 * page, 2 ** 20),
  pagemapScan: fc.constantFrom(true, true, false),
})
const steps = fc.array(step, { minLength: 1, maxLength: 40 })

function lives(reservation: Reservation, sequence: readonly Step[], keepResidentBytes: number): void {
  const slot = new SlotMemory(reservation, { keepResidentBytes })
  const model = new Model()
  for (const current of sequence) {
    run(slot, model, current)
    if (slot.state !== 'untouched' || model.content !== undefined) check(slot, model, reservation)
  }
  slot[Symbol.dispose]()
  expect(slot.state).toBe('retired')
  for (const one of images) expect(one?.references ?? 1).toBe(1)
  expect(mappingsWithin(reservation.base, capacity).filter((mapping) => mapping.name !== '')).toEqual([])
}

describe('whatever happens to a slot, it holds what it must, and no more mappings than said', () => {
  test('over raw address space', () => {
    fc.assert(
      fc.property(options, steps, ({ keepResidentBytes, pagemapScan }, sequence) => {
        using _noScan = pagemapScan
          ? undefined
          : injectFaults(({ call }) => (call === 'ioctl' ? 'ENOTTY' : undefined))
        const reservation = new RawReservation(capacity)
        const { base } = reservation
        lives(reservation, sequence, keepResidentBytes)
        reservation[Symbol.dispose]()
        expect(mappedBytes(base, capacity)).toBe(0)
        for (const traces of kernelTracesSync(retainedNames).values()) expect(traces.mappings).toBe(0)
      }),
      { numRuns: 150 },
    )
  })

  test('over a memory of V8', () => {
    fc.assert(
      fc.property(options, steps, ({ keepResidentBytes }, sequence) => {
        const memory = v8Memory(capacityPages)
        new Uint8Array(memory.buffer).fill(99)
        lives({ base: addressOf(memory.buffer), byteLength: capacity }, sequence, keepResidentBytes)
        expect(memory.buffer.byteLength).toBe(capacity)
      }),
      { numRuns: 80 },
    )
  })
})
