/** Images that other threads may have: a purge answers for this thread, and proves that none of its slots has them. */

import { imageMappings, MemoryImage, RawReservation, SlotMemory } from '@warmslot/memory-image'
import { expect, test } from 'vitest'
import { moduleOf, PAGE, poolOf, tracesOf, warm } from './support.ts'

function sharedImage(): { image: MemoryImage; elsewhere: MemoryImage } {
  const image = MemoryImage.fromBytes(new Uint8Array(PAGE).fill(7), { label: 'fill-7' })
  return { image, elsewhere: MemoryImage.adopt(image.share()) }
}

test('a purge is complete while others have the image, and says so', async () => {
  await using pool = poolOf()
  const { image, elsewhere } = sharedImage()
  const module = pool.register({ memories: [{ image, initialBytes: PAGE }] })
  image.release()
  warm(pool, module, 3)
  elsewhere.release()
  // As another thread would have it: not an image of this thread, but a mapping and a descriptor of the process.
  const other = MemoryImage.adopt(image.share())
  const receipt = await pool.purge(module)
  expect(receipt).toMatchObject({ complete: true, slotsCleared: 3, imagesHeldElsewhere: 1 })
  expect(receipt.kernel).toEqual({ mappings: 0, descriptors: 1 })
  other.release()
  expect(tracesOf(image)).toEqual({ mappings: 0, descriptors: 0 })
})

test('two modules of one pool over the same memfd are purged one by one', async () => {
  await using pool = poolOf()
  const { image, elsewhere } = sharedImage()
  const [one, two] = [image, elsewhere].map((each) => {
    const module = pool.register({ memories: [{ image: each, initialBytes: PAGE }] })
    each.release()
    return module
  })
  warm(pool, one!, 2)
  warm(pool, two!, 2)
  expect(imageMappings(image)).toBe(4)
  expect(await pool.purge(one!)).toMatchObject({ complete: true, slotsCleared: 2, kernel: { mappings: 2 } })
  using lease = pool.acquire(two!)
  expect([...lease.memories[0]!.memory.read(0, 2)]).toEqual([7, 7])
  lease.release()
  expect(await pool.purge(two!)).toMatchObject({ complete: true, kernel: { mappings: 0, descriptors: 0 } })
})

test('a mapping that is in a slot of this pool after all makes a purge incomplete', async () => {
  const reservation = new RawReservation(4 * PAGE)
  await using pool = poolOf({ slots: 1, createReservation: () => reservation })
  const { image, elsewhere } = sharedImage()
  const module = pool.register({ memories: [{ image, initialBytes: PAGE }] })
  image.release()
  warm(pool, module, 1)
  // The slot goes to another module; then somebody puts the image there, behind the pool's back.
  warm(pool, moduleOf(pool, 3).module, 1)
  new SlotMemory(reservation).prepare(elsewhere, PAGE)
  elsewhere.release()
  elsewhere.release()
  expect(await pool.purge(module)).toMatchObject({ complete: false, kernel: { mappings: 1, descriptors: 0 } })
})
