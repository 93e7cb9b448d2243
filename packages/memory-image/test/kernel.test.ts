import { writeFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import {
  addressOf,
  imageDescriptors,
  imageDescriptorsAsync,
  imageMappings,
  imageMappingsAsync,
  kernelFeatures,
  kernelTraces,
  kernelTracesSync,
  mapCountLimit,
  mappingCount,
  mappingCountAsync,
  MemoryImage,
  processImageMappings,
  RawReservation,
  SlotMemory,
  viewOver,
} from '../src/index.ts'
import { injectFaults } from '../src/testing.ts'
import { allMappings } from './support/kernel.ts'
import { entry, runScript } from './support/run-script.ts'

const wasmPage = 65_536
const disposables: Disposable[] = []

function slotWith(image: MemoryImage): SlotMemory {
  const reservation = new RawReservation(4 * wasmPage)
  const slot = new SlotMemory(reservation)
  disposables.push(reservation, slot)
  slot.prepare(image, 4 * wasmPage)
  return slot
}

afterEach(() => {
  while (disposables.length > 0) disposables.pop()![Symbol.dispose]()
})

describe('traces of images', () => {
  test('are counted for each name, in maps and descriptors', async () => {
    using first = MemoryImage.fromBytes(Uint8Array.of(1), { label: 'first' })
    using second = MemoryImage.fromBytes(Uint8Array.of(1), { label: 'second' })
    using zeros = MemoryImage.fromSegments([])
    slotWith(first)
    slotWith(first)
    slotWith(second)
    const expected = new Map([
      [first.memfdName, { mappings: 2, descriptors: 1 }],
      [second.memfdName, { mappings: 1, descriptors: 1 }],
      [zeros.memfdName, { mappings: 0, descriptors: 0 }],
      ['first', { mappings: 0, descriptors: 0 }],
    ])
    expect(kernelTracesSync(expected.keys())).toEqual(expected)
    expect(await kernelTraces(expected.keys())).toEqual(expected)
    expect([imageMappings(first), await imageMappingsAsync(first)]).toEqual([2, 2])
    expect([imageDescriptors(second), await imageDescriptorsAsync(second)]).toEqual([1, 1])
  })

  test('a closed image that is still mapped shows its mappings', () => {
    const image = MemoryImage.fromBytes(Uint8Array.of(1))
    const slot = slotWith(image)
    image.release()
    expect(kernelTracesSync([image.memfdName]).get(image.memfdName)).toEqual({ mappings: 1, descriptors: 1 })
    slot.wipe()
    expect(kernelTracesSync([image.memfdName]).get(image.memfdName)).toEqual({ mappings: 0, descriptors: 0 })
  })

  test('are found among thousands of mappings', async () => {
    using image = MemoryImage.fromBytes(Uint8Array.of(1))
    using other = MemoryImage.fromBytes(Uint8Array.of(1))
    for (let index = 0; index < 1000; index += 1) slotWith(index % 3 === 0 ? image : other)
    const expected = { mappings: 334, descriptors: 1 }
    expect(kernelTracesSync([image.memfdName]).get(image.memfdName)).toEqual(expected)
    expect((await kernelTraces([image.memfdName])).get(image.memfdName)).toEqual(expected)
  })
})

describe('mappings of all images', () => {
  const prefix = '/memfd:warmslot:'
  const asTheKernelSays = () =>
    allMappings()
      .filter(({ name }) => name.startsWith(prefix))
      .map(({ start, end, name }) => ({
        memfdName: name.slice('/memfd:'.length, -' (deleted)'.length),
        address: start,
        byteLength: end - start,
      }))

  test('are told by name, with the place of each', async () => {
    using first = MemoryImage.fromBytes(new Uint8Array(10_000).fill(1), { offset: 8192, label: 'first' })
    using second = MemoryImage.fromBytes(Uint8Array.of(1), { label: 'sécond one' })
    using zeros = MemoryImage.fromSegments([])
    const [one, two, other] = [slotWith(first), slotWith(first), slotWith(second)]
    slotWith(zeros)
    const found = await processImageMappings()
    expect(found).toEqual(asTheKernelSays())
    expect(found.map(({ address }) => address)).toEqual(
      found.map(({ address }) => address).toSorted((a, b) => a - b),
    )
    expect(new Set(found)).toEqual(
      new Set([
        { memfdName: first.memfdName, address: one.base + 8192, byteLength: 12_288 },
        { memfdName: first.memfdName, address: two.base + 8192, byteLength: 12_288 },
        { memfdName: second.memfdName, address: other.base, byteLength: 4096 },
      ]),
    )
    one.wipe()
    expect((await processImageMappings()).map(({ address }) => address)).not.toContain(one.base + 8192)
  })

  test('are all of them, among thousands', async () => {
    using image = MemoryImage.fromBytes(Uint8Array.of(1))
    for (let index = 0; index < 1000; index += 1) slotWith(image)
    const found = await processImageMappings()
    expect(found).toHaveLength(1000)
    expect(found).toEqual(asTheKernelSays())
  })

  test('stay in the list when their image is closed, and go with them', async () => {
    const image = MemoryImage.fromBytes(Uint8Array.of(1))
    const slot = slotWith(image)
    image.release()
    expect(await processImageMappings()).toEqual([
      { memfdName: image.memfdName, address: slot.base, byteLength: 4096 },
    ])
    slot.wipe()
    expect(await processImageMappings()).toEqual([])
  })

  test('are those of other threads too', () => {
    const result = runScript(`
      import { once } from 'node:events'
      import { Worker } from 'node:worker_threads'
      import { processImageMappings } from ${JSON.stringify(entry)}
      const source = \`
        import { parentPort } from 'node:worker_threads'
        import { MemoryImage, RawReservation, SlotMemory } from ${JSON.stringify(entry)}
        const image = MemoryImage.fromBytes(Uint8Array.of(1), { label: 'of-a-worker' })
        const slot = new SlotMemory(new RawReservation(65536))
        slot.prepare(image, 65536)
        parentPort.postMessage({ memfdName: image.memfdName, address: slot.base, byteLength: 4096 })
        parentPort.once('message', () => {})\`
      const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(source)))
      const [expected] = await once(worker, 'message')
      const seen = [await processImageMappings()]
      worker.postMessage('end')
      await once(worker, 'exit')
      // Nobody gave the address space back: the mapping is left behind, and no thread accounts for it.
      seen.push(await processImageMappings())
      console.log(JSON.stringify([expected, seen]))`)
    expect(result).toMatchObject({ status: 0, stderr: '' })
    const [expected, seen] = JSON.parse(result.stdout) as [unknown, unknown]
    expect(seen).toEqual([[expected], [expected]])
  })
})

describe('mappings of the process', () => {
  test('are counted', async () => {
    const before = mappingCount()
    // V8 may add or remove a few in between.
    expect(Math.abs(before - allMappings().length)).toBeLessThan(50)
    expect(Math.abs(before - (await mappingCountAsync()))).toBeLessThan(50)
    using image = MemoryImage.fromBytes(Uint8Array.of(1))
    for (let index = 0; index < 200; index += 1) slotWith(image)
    expect(mappingCount() - before).toBeGreaterThan(350)
  })

  test('have a limit', () => {
    expect(mapCountLimit()).toBeGreaterThan(1000)
  })
})

describe('features', () => {
  test('are found out by trying', () => {
    expect(kernelFeatures()).toMatchObject({ memfd: true, sealing: true })
    using _faults = injectFaults(({ call }) => (call === 'madvise' ? undefined : 'ENOSYS'))
    expect(kernelFeatures()).toMatchObject({ memfd: false, sealing: false, pagemapScan: false })
  })

  test.each([
    ['memfd_create', 'EPERM'],
    ['ftruncate', 'EFBIG'],
    ['fcntl', 'EPERM'],
    ['pwrite', 'ENOSPC'],
    ['mmap', 'EACCES'],
    ['mprotect', 'EACCES'],
    ['madvise', 'EPERM'],
    ['munmap', 'EPERM'],
  ])('name the call that is refused: %s', (call, errno) => {
    const before = allMappings().length
    {
      using _faults = injectFaults((one) => (one.call === call ? errno : undefined))
      expect(kernelFeatures().refusal).toMatchObject({ syscall: call, errno })
      // A limit may be raised, so it is tried again.
      expect(kernelFeatures().refusal).not.toBe(kernelFeatures().refusal)
    }
    expect(kernelFeatures().refusal).toBeUndefined()
    // What a refused munmap leaves is inaccessible address space.
    if (call !== 'munmap') expect(allMappings().length).toBeLessThan(before + 20)
  })

  test('a whole use of a slot leaves nothing', () => {
    expect(kernelFeatures().refusal).toBeUndefined()
    expect(JSON.stringify(allMappings())).not.toContain('rehearsal')
  })

  test('are remembered', () => {
    const first = kernelFeatures()
    expect(kernelFeatures()).toBe(first)
  })
})

describe('buffers', () => {
  test('have an address, through which the same bytes are seen', () => {
    const bytes = new Uint8Array(wasmPage)
    const view = new Uint8Array(viewOver(addressOf(bytes), wasmPage))
    view[5] = 7
    expect(bytes[5]).toBe(7)
    expect(addressOf(bytes.subarray(16))).toBe(addressOf(bytes.buffer) + 16)
  })

  test('a view of a slot sees its memory, and can be detached', () => {
    using image = MemoryImage.fromBytes(Uint8Array.of(1, 2, 3))
    const slot = slotWith(image)
    const view = viewOver(slot.base, slot.logicalBytes)
    expect(new Uint8Array(view).subarray(0, 4)).toEqual(Uint8Array.of(1, 2, 3, 0))
    view.transfer(0)
    expect(view.detached).toBe(true)
    expect(slot.read(0, 1)).toEqual(Uint8Array.of(1))
  })

  test('without bytes have none', () => {
    const detached = new ArrayBuffer(8)
    detached.transfer()
    for (const empty of [new ArrayBuffer(0), new Uint8Array(0), detached]) {
      expect(() => addressOf(empty)).toThrow(RangeError)
    }
  })

  test.each([
    [0, 1],
    [-1, 1],
    [1.5, 1],
    [4096, -1],
    [4096, Number.NaN],
  ])('views over %s of %s bytes are refused', (address, byteLength) => {
    expect(() => viewOver(address, byteLength)).toThrow(RangeError)
  })
})

test('a write of the kernel into a slot is found as well', () => {
  using image = MemoryImage.fromBytes(Uint8Array.of(1, 2, 3))
  const slot = slotWith(image)
  // The kernel reads from the slot and writes nothing; then it fills it from a file.
  writeFileSync('/dev/null', new Uint8Array(viewOver(slot.base, wasmPage)))
  const view = new Uint8Array(viewOver(slot.base, wasmPage))
  crypto.getRandomValues(view)
  slot.markDirty()
  slot.reset()
  expect(slot.read(0, 4)).toEqual(Uint8Array.of(1, 2, 3, 0))
  expect(slot.read(wasmPage - 4, 4)).toEqual(new Uint8Array(4))
})
