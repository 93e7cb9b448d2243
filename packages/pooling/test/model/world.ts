/** A pool, the model of it, and the checks. */

import { type AllocationStrategy, nextAvailable, random, reuseAffinity } from '@warmslot/index-allocator'
import { MemoryImage, RawReservation } from '@warmslot/memory-image'
import { expect } from 'vitest'
import {
  type Lease,
  type LeasedMemory,
  Pool,
  type PoolModule,
  type PurgeReceipt,
  type SlotViewState,
} from '../../src/index.ts'
import { PAGE, tracesOf, turn } from '../support.ts'
import { Faults } from './faults.ts'
import type { Operation, Settings } from './histories.ts'

type Of<Kind extends Operation['kind']> = Extract<Operation, { kind: Kind }>

const SLOT_PAGES = 4
const strategies: Record<Settings['strategy'], () => AllocationStrategy> = {
  nextAvailable,
  random: () => random({ seed: 3 }),
  reuseAffinity,
  capped: () => reuseAffinity({ maxUnusedWarmSlots: 1 }),
}

interface Known {
  readonly module: PoolModule
  readonly images: readonly MemoryImage[]
  readonly baselines: readonly Uint8Array[]
  readonly mostPages: readonly number[]
  readonly kinds: readonly string[]
  purge: Promise<PurgeReceipt> | undefined
}

interface Held {
  readonly lease: Lease
  readonly known: Known
  readonly contents: Uint8Array[]
  /** A growth failed half-way: its memories cannot be read any more. */
  broken: boolean
}

interface Wait {
  readonly known: Known
  readonly controller: AbortController
  settled: boolean
}

export class World {
  readonly faults: Faults = new Faults()
  readonly #pool: Pool
  readonly #slots: number
  readonly #reservations: RawReservation[] = []
  readonly #kinds = new Map<unknown, string>()
  readonly #modules: Known[] = []
  readonly #held: Held[] = []
  readonly #waits: Wait[] = []
  /** Of checks that ran in a promise's callback. */
  readonly #failures: unknown[] = []
  #pressure = false

  constructor({ strategy, ...choice }: Settings) {
    this.#slots = choice.slots
    this.#pool = new Pool({
      ...choice,
      slotBytes: SLOT_PAGES * PAGE,
      idleTrimMs: 1,
      memoryPressure: () => this.#pressure,
      strategy: strategies[strategy](),
      reservationKinds: ['narrow', 'wide'],
      createReservation: (_slot, kind) => {
        const reservation = new RawReservation(SLOT_PAGES * PAGE)
        this.#reservations.push(reservation)
        this.#kinds.set(reservation, kind)
        return reservation
      },
    })
    // Something to begin with: a module of one memory, and one of two, who is the one that gets overtaken.
    const memory = {
      fill: 1,
      imageBytes: 4096,
      imageOffset: 0,
      initialPages: 2,
      maximumPages: 4,
      kind: undefined,
    }
    this.#register({ kind: 'register', memories: [memory] })
    this.#register({ kind: 'register', memories: [memory, { ...memory, fill: 2 }] })
  }

  async perform(operation: Operation): Promise<void> {
    this.faults.fired = 0
    if (operation.kind === 'turn') await turn()
    else if (operation.kind === 'trim') this.#trim()
    else if (operation.kind === 'pressure') this.#pressure = operation.high
    else if (operation.kind === 'fault') this.faults.arm(operation)
    else if (operation.kind === 'register') this.#register(operation)
    else if (operation.kind === 'abort') this.#pick(this.#pending(), operation.wait)?.controller.abort()
    else if ('lease' in operation) this.#withLease(operation)
    else this.#withModule(operation)
    // Whoever was served or turned away hears of it now. No turn: slices do not run.
    for (let microtasks = 0; microtasks < 12; microtasks += 1) await Promise.resolve()
  }

  check(): void {
    for (const failure of this.#failures) throw failure
    const { untouched, withoutAffinity, affine, inUse, queued, retired, waiting, leases, modules } =
      this.#pool.metrics()
    expect(untouched + withoutAffinity + affine + inUse + queued + retired).toBe(this.#slots)
    const taken = this.#held.flatMap(({ lease }) => lease.memories.map(({ slot }) => slot))
    expect(new Set(taken).size).toBe(taken.length) // no slot in two hands
    expect(inUse).toBe(taken.length)
    expect(leases).toBe(this.#held.length)
    expect(modules.reduce((sum, { slotsAffine }) => sum + slotsAffine, 0)).toBe(affine)
    expect(modules.reduce((sum, { slotsQueued }) => sum + slotsQueued, 0)).toBe(queued)
    this.#checkViews({ untouched, empty: withoutAffinity, affine, 'in-use': inUse, queued, retired })
    const pending = this.#pending()
    expect(waiting).toBe(pending.length)
    // Whoever is first in line really cannot be served.
    const head = pending[0]
    if (head !== undefined) {
      expect(head.known.images.length).toBeGreaterThan(this.#slots - retired - inUse)
      expect(head.known.images.length).toBeLessThanOrEqual(this.#slots - retired) // and one day can be
    }
    for (const { lease, contents, broken } of this.#held) {
      if (broken) continue
      for (const [position, { memory }] of lease.memories.entries()) {
        expect(memory.logicalBytes).toBe(contents[position]!.byteLength)
        expectSame(memory.read(0, memory.logicalBytes), contents[position]!)
      }
    }
  }

  /** The slots one by one are what the metrics count. */
  #checkViews(counts: Record<SlotViewState, number>): void {
    const views = this.#pool.slots()
    expect(views.map(({ slot }) => slot)).toEqual(Array.from({ length: this.#slots }, (_, slot) => slot))
    const found = { untouched: 0, empty: 0, affine: 0, 'in-use': 0, queued: 0, retired: 0 }
    for (const { state } of views) found[state] += 1
    expect(found).toEqual(counts)
    for (const { lease } of this.#held) {
      for (const { slot } of lease.memories)
        expect(views[slot]).toMatchObject({ state: 'in-use', moduleId: lease.module.id })
    }
    const bound = views.filter(({ state }) => state === 'affine' || state === 'in-use' || state === 'queued')
    for (const { moduleId, base } of bound) expect([moduleId, base]).not.toContain(undefined)
    for (const { state, moduleId, hits } of views)
      if (state === 'untouched' || state === 'empty') expect([moduleId, hits]).toEqual([undefined, 0])
  }

  /** The kernel obeys again, everything is given back, and nothing may be left. */
  async end(): Promise<void> {
    this.faults.stop()
    for (let held = this.#held.pop(); held !== undefined; held = this.#held.pop()) {
      held.lease.release()
      for (let microtasks = 0; microtasks < 12; microtasks += 1) await Promise.resolve()
    }
    for (const known of this.#modules) {
      if (known.purge === undefined) continue
      const first = await known.purge
      const receipt = first.complete ? first : await this.#pool.purge(known.module)
      expect(receipt).toMatchObject({
        complete: true,
        failedSlots: [],
        kernel: { mappings: 0, descriptors: 0 },
      })
      for (const image of known.images) expect(tracesOf(image)).toEqual({ mappings: 0, descriptors: 0 })
    }
    this.check() // purged modules are gone from the counts too
    expect(this.#pool.metrics()).toMatchObject({ inUse: 0, leases: 0, waiting: 0 })
    await this.#pool.close()
    for (const { images } of this.#modules) {
      for (const image of images) {
        expect(tracesOf(image)).toEqual({ mappings: 0, descriptors: 0 })
        expect(image.closed).toBe(true)
      }
    }
    for (const reservation of this.#reservations) expect(reservation.byteLength).toBe(0)
  }

  #trim(): void {
    const { slots } = this.#pool.metrics()
    this.#pool.trim().then(
      (trimmed) => {
        if (trimmed > slots) this.#failures.push(new Error(`${trimmed} slots trimmed`))
      },
      (error: unknown) => this.#failures.push(error),
    )
  }

  #register({ memories: wanted }: Of<'register'>): void {
    const memories = wanted.slice(0, this.#slots)
    const images: MemoryImage[] = []
    const baselines: Uint8Array[] = []
    this.faults.paused = true // making images is not this package's matter
    for (const { fill, imageBytes, imageOffset, initialPages } of memories) {
      const bytes = new Uint8Array(imageBytes).fill(fill)
      const baseline = new Uint8Array(initialPages * PAGE)
      baseline.set(bytes, imageOffset)
      images.push(MemoryImage.fromBytes(bytes, { offset: imageOffset, label: `model-${fill}` }))
      baselines.push(baseline)
    }
    this.faults.paused = false
    const module = this.#pool.register({
      memories: memories.map(({ initialPages, maximumPages, kind }, position) => ({
        image: images[position]!,
        initialBytes: initialPages * PAGE,
        maximumBytes: maximumPages * PAGE,
        ...(kind !== undefined && { kind }),
      })),
    })
    for (const image of images) image.release()
    const mostPages = memories.map(({ maximumPages }) => Math.min(maximumPages, SLOT_PAGES))
    const kinds = memories.map(({ kind = 'narrow' }) => kind)
    this.#modules.push({ module, images, baselines, mostPages, kinds, purge: undefined })
  }

  #withModule(operation: Extract<Operation, { module: number }>): void {
    const known = this.#pick(this.#modules, operation.module)
    if (known === undefined) return
    if (operation.kind === 'purge') known.purge = this.#pool.purge(known.module)
    else if (operation.kind === 'wait') this.#wait(known)
    else this.#acquire(known)
  }

  #acquire(known: Known): void {
    const { inUse, retired, waiting } = this.#pool.metrics()
    const needed = known.images.length
    const canBeHad = needed === 0 || (waiting === 0 && this.#slots - retired - inUse >= needed)
    let lease: Lease
    try {
      lease = this.#pool.acquire(known.module)
    } catch (error) {
      const { code } = error as { code: string }
      if (known.purge !== undefined) expect(code).toBe('WARMSLOT_MODULE_DROPPED')
      else if (code === 'WARMSLOT_POOL_EXHAUSTED') expect(canBeHad && this.faults.fired === 0).toBe(false)
      else expect([code, this.faults.fired > 0]).toEqual(['WARMSLOT_SYSTEM_CALL', true])
      return
    }
    expect(canBeHad).toBe(true)
    expect(known.purge).toBeUndefined()
    this.#hold(lease, known)
  }

  #wait(known: Known): void {
    const controller = new AbortController()
    const wait: Wait = { known, controller, settled: false }
    const arrived = this.#waits.length
    this.#waits.push(wait)
    this.#pool
      .acquireWhenFree(known.module, { waitMs: 600_000, signal: controller.signal })
      .finally(() => (wait.settled = true))
      .then(
        (lease) => {
          this.#hold(lease, known)
          if (known.images.length === 0) return
          for (const earlier of this.#waits.slice(0, arrived)) expect(earlier.settled).toBe(true) // nobody is overtaken
        },
        () => {}, // turned away
      )
      .catch((failure: unknown) => this.#failures.push(failure))
  }

  /** A lease begins: every byte as its image says, and as attachments go, nothing of another module. */
  #hold(lease: Lease, known: Known): void {
    this.#held.push({
      lease,
      known,
      contents: known.baselines.map((baseline) => baseline.slice()),
      broken: false,
    })
    expect(lease.module).toBe(known.module)
    for (const [position, leased] of lease.memories.entries()) {
      expectSame(leased.memory.read(0, leased.memory.logicalBytes), known.baselines[position]!)
      expect(this.#kinds.get(leased.reservation)).toBe(known.kinds[position])
      expect([undefined, known]).toContain(leased.attachment)
      if (!leased.reused) expect(leased.attachment).toBeUndefined()
      leased.attachment = known
    }
    expect(lease.kind === 'affine').toBe(lease.memories.every(({ reused }) => reused))
  }

  #withLease(operation: Extract<Operation, { lease: number }>): void {
    const held = this.#pick(this.#held, operation.lease)
    if (held === undefined) return
    if (operation.kind === 'release') {
      this.#held.splice(this.#held.indexOf(held), 1)
      const discardReservations = operation.discard === 0
      held.lease.release({ discardReservations })
      return
    }
    if (held.broken) return
    for (const [position, leased] of held.lease.memories.entries()) {
      const content = held.contents[position]!
      if (operation.kind === 'write') {
        const { at, value } = operation
        const bytes = new Uint8Array(100).fill(value)
        const address = at % (content.byteLength - 100)
        leased.memory.write(address, bytes)
        content.set(bytes, address)
        continue
      }
      const { pages } = operation
      if (pages * PAGE < content.byteLength) continue
      const grown = this.#grow(held, leased, pages)
      if (pages > held.known.mostPages[position]!) expect(grown).toBe(false)
      else if (this.faults.fired === 0) expect(grown).toBe(true)
      if (grown) {
        held.contents[position] = new Uint8Array(pages * PAGE)
        held.contents[position].set(content)
      }
    }
  }

  #grow(held: Held, leased: LeasedMemory, pages: number): boolean {
    try {
      return leased.grow(pages * PAGE)
    } catch (error) {
      expect((error as { code: unknown }).code).toBe('WARMSLOT_SYSTEM_CALL')
      expect(this.faults.fired).toBeGreaterThanOrEqual(2) // refused, and so was taking it back
      held.broken = true
      return false
    }
  }

  #pending(): Wait[] {
    return this.#waits.filter(({ settled }) => !settled)
  }

  #pick<T>(from: readonly T[], number: number): T | undefined {
    return from[number % Math.max(1, from.length)]
  }
}

/** `toEqual` of a quarter million numbers is slow. */
function expectSame(actual: Uint8Array, expected: Uint8Array): void {
  if (Buffer.compare(actual, expected) === 0) return
  const at = actual.findIndex((byte, index) => byte !== expected[index])
  expect({ length: actual.length, at, byte: actual[at] }).toEqual({
    length: expected.length,
    at,
    byte: expected[at],
  })
}
