/** The founding rule: a purge removes every trace of a module, whatever the strategy, and the kernel says so. */

import { expect, test } from 'vitest'
import { reuseAffinity } from '@warmslot/index-allocator'
import {
  imageOf,
  first,
  moduleOf,
  PAGE,
  poolOf,
  strategies,
  tracesOf,
  turn,
  warm,
  wideModuleOf,
} from './support.ts'

test.each(strategies)(
  '%s: a purge clears all of 1,000 slots of one module and none of the others',
  async (_, strategy) => {
    await using pool = poolOf({ slots: 1_000, slotBytes: PAGE, strategy: strategy() })
    const modules = [1, 2, 3, 4].map((fill) => moduleOf(pool, fill))
    // All at the same time, so that each module has a quarter of the slots whatever the strategy.
    const leases = Array.from({ length: 1_000 }, (_unused, index) => pool.acquire(modules[index % 4]!.module))
    for (const lease of leases) lease.release()
    const dropped = modules[1]!
    const kept = [modules[0]!, modules[2]!, modules[3]!]
    const before = tracesOf(dropped.image)
    expect(before).toEqual({ mappings: 250, descriptors: 1 })

    const receipt = await pool.purge(dropped.module)

    expect(tracesOf(dropped.image)).toEqual({ mappings: 0, descriptors: 0 })
    expect(receipt).toMatchObject({
      moduleLabel: 'module-2',
      complete: true,
      slotsCleared: 250,
      mappingsRemoved: before.mappings,
      bytesRemoved: 250 * 4096,
      memfdsClosed: 1,
      memfdBytesFreed: 4096,
      imagesHeldElsewhere: 0,
      waitedForInstances: 0,
      waitedInQueue: 0,
      failedSlots: [],
      kernel: tracesOf(dropped.image),
    })
    for (const { image } of kept) expect(tracesOf(image)).toEqual({ mappings: 250, descriptors: 1 })
    const metrics = pool.metrics()
    expect(metrics).toMatchObject({
      affine: 750,
      withoutAffinity: 250,
      inUse: 0,
      retired: 0,
      purges: 1,
      slotsPurged: 250,
    })
    for (const { module } of kept) {
      expect(metrics.modules.find(({ id }) => id === module.id)).toMatchObject({
        slotsAffine: 250,
        evictions: 0,
      })
    }
  },
)

test('after a purge the others still hit, and a stranger takes a purged slot before a live one', async () => {
  await using pool = poolOf({ slots: 6, strategy: reuseAffinity() })
  const [one, two, three] = [moduleOf(pool, 1), moduleOf(pool, 2), moduleOf(pool, 3)]
  const leases = [one, one, one, two, two, two].map(({ module }) => pool.acquire(module))
  for (const lease of leases) lease.release()
  await pool.purge(two.module)
  const strangers = [1, 2, 3].map(() => pool.acquire(three.module))
  const returning = [1, 2, 3].map(() => pool.acquire(one.module))
  expect(strangers.map(({ kind }) => kind)).toEqual(['cold', 'cold', 'cold'])
  expect(returning.map(({ kind }) => kind)).toEqual(['affine', 'affine', 'affine'])
  expect(pool.metrics()).toMatchObject({ steals: 0, evictions: 0 })
  for (const lease of [...strangers, ...returning]) lease.release()
})

test.each(strategies)(
  '%s: a slot in use is cleared when it is released, and the purge waits for it',
  async (_, strategy) => {
    await using pool = poolOf({ strategy: strategy() })
    const { module, image } = moduleOf(pool, 1)
    const [held, other] = [pool.acquire(module), pool.acquire(module)]
    other.release()
    first(held).memory.write(0, Uint8Array.of(42))
    let done = false
    const purging = pool.purge(module).then((receipt) => ((done = true), receipt))
    for (let turns = 0; turns < 5; turns += 1) await turn()
    expect(done).toBe(false)
    expect(module.state).toBe('purging')
    expect(first(held).memory.read(0, 2)).toEqual(Uint8Array.of(42, 1)) // its holder goes on undisturbed
    expect(tracesOf(image)).toEqual({ mappings: 1, descriptors: 1 })
    held.release()
    expect(tracesOf(image).mappings).toBe(0) // at the release, not some time later
    const receipt = await purging
    expect(receipt).toMatchObject({
      complete: true,
      slotsCleared: 2,
      mappingsRemoved: 2,
      waitedForInstances: 1,
    })
    expect(tracesOf(image)).toEqual({ mappings: 0, descriptors: 0 })
    expect(module.state).toBe('purged')
  },
)

test.each(strategies)('%s: slots that wait for a batched reset are cleared too', async (_, strategy) => {
  await using pool = poolOf({ slots: 8, resetBatchSize: 8, strategy: strategy() })
  const [dropped, kept] = [moduleOf(pool, 1), moduleOf(pool, 2)]
  const leases = [dropped, kept, dropped, kept, dropped].map(({ module }) => pool.acquire(module))
  for (const lease of leases) first(lease).memory.write(0, Uint8Array.of(42))
  for (const lease of leases) lease.release()
  expect(pool.metrics()).toMatchObject({ queued: 5, inUse: 0 })
  const receipt = await pool.purge(dropped.module)
  expect(receipt).toMatchObject({
    complete: true,
    slotsCleared: 3,
    waitedInQueue: 3,
    kernel: { mappings: 0, descriptors: 0 },
  })
  expect(tracesOf(dropped.image)).toEqual({ mappings: 0, descriptors: 0 })
  expect(tracesOf(kept.image).mappings).toBe(2)
})

test('a module of several memories leaves no trace of any image', async () => {
  await using pool = poolOf({ slots: 6 })
  const module = wideModuleOf(pool, 3)
  const lease = pool.acquire(module)
  const images = lease.memories.map(({ memory }) => memory.image!)
  lease.release()
  const receipt = await pool.purge(module)
  expect(receipt).toMatchObject({ complete: true, slotsCleared: 3, mappingsRemoved: 3, memfdsClosed: 3 })
  for (const image of images) expect(tracesOf(image)).toEqual({ mappings: 0, descriptors: 0 })
})

test('a purge never makes somebody else fail, even where it works on the only idle slot', async () => {
  const slots = 50
  await using pool = poolOf({ slots, slotBytes: PAGE, purgeSliceMs: 0.01 })
  const survivor = moduleOf(pool, 100)
  for (let round = 1; round <= 5; round += 1) {
    const victim = moduleOf(pool, round)
    warm(pool, victim.module, slots)
    const purging = pool.purge(victim.module)
    while (victim.module.state === 'purging') {
      const leases = Array.from({ length: slots }, () => pool.acquire(survivor.module)) // throws if one is missing
      await turn()
      for (const lease of leases) lease.release()
    }
    await purging
  }
  expect(pool.metrics()).toMatchObject({ exhausted: 0, faults: 0, purges: 5 })
})

test('two modules are purged at the same time', async () => {
  await using pool = poolOf({ slots: 40, slotBytes: PAGE, purgeSliceMs: 0.01 })
  const [one, two, three] = [moduleOf(pool, 1), moduleOf(pool, 2), moduleOf(pool, 3)]
  const leases = Array.from({ length: 30 }, (_, index) => pool.acquire([one, two, three][index % 3]!.module))
  for (const lease of leases) lease.release()
  const receipts = await Promise.all([pool.purge(one.module), pool.purge(two.module)])
  for (const receipt of receipts) expect(receipt).toMatchObject({ complete: true, slotsCleared: 10 })
  for (const { image } of [one, two]) expect(tracesOf(image)).toEqual({ mappings: 0, descriptors: 0 })
  expect(tracesOf(three.image).mappings).toBe(10)
})

test('a purge is asked for twice, and done once', async () => {
  await using pool = poolOf()
  const { module } = moduleOf(pool, 1)
  warm(pool, module, 2)
  const purging = pool.purge(module)
  expect(pool.purge(module)).toBe(purging)
  const receipt = await purging
  expect(await pool.purge(module)).toBe(receipt)
  expect(pool.metrics().purges).toBe(1)
})

test('an image that others hold is not claimed to be gone', async () => {
  await using pool = poolOf()
  const image = imageOf(1)
  const [one, two] = [1, 2].map(() => pool.register({ memories: [{ image, initialBytes: PAGE }] }))
  const leases = [pool.acquire(one!), pool.acquire(two!)]
  for (const lease of leases) lease.release()
  const receipt = await pool.purge(one!)
  expect(receipt).toMatchObject({
    complete: true,
    slotsCleared: 1,
    memfdsClosed: 0,
    imagesHeldElsewhere: 1,
    kernel: { mappings: 1, descriptors: 1 }, // those of the other module
  })
  image.release()
  expect(await pool.purge(two!)).toMatchObject({
    complete: true,
    memfdsClosed: 1,
    kernel: { mappings: 0, descriptors: 0 },
  })
})

test('an image of zeros has no memfd to prove anything of', async () => {
  await using pool = poolOf()
  const { module } = moduleOf(pool, 0)
  warm(pool, module, 2)
  expect(await pool.purge(module)).toMatchObject({
    complete: true,
    slotsCleared: 2,
    mappingsRemoved: 0,
    bytesRemoved: 0,
    memfdsClosed: 0,
    kernel: { mappings: 0, descriptors: 0 },
  })
})

test('await using purges', async () => {
  await using pool = poolOf()
  const { module, image } = moduleOf(pool, 1)
  {
    await using scoped = module
    warm(pool, scoped, 1)
  }
  expect(module.state).toBe('purged')
  expect(tracesOf(image)).toEqual({ mappings: 0, descriptors: 0 })
})
