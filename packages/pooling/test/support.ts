/** Small parts that the tests share: images, pools, and what the kernel shows (read here, independently of the package). */

import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { type AllocationStrategy, nextAvailable, random, reuseAffinity } from '@warmslot/index-allocator'
import { MemoryImage } from '@warmslot/memory-image'
import { type Lease, type LeasedMemory, Pool, type PoolModule, type PoolOptions } from '../src/index.ts'

export const PAGE = 65_536

export const strategies: readonly (readonly [string, () => AllocationStrategy])[] = [
  ['nextAvailable', () => nextAvailable()],
  ['random', () => random({ seed: 7 })],
  ['reuseAffinity', () => reuseAffinity()],
]

/** One page of image, filled with a letter. */
export function imageOf(fill: number, bytes: number = 4096): MemoryImage {
  return MemoryImage.fromBytes(new Uint8Array(bytes).fill(fill), { label: `fill-${fill}` })
}

export function poolOf(options: Partial<PoolOptions> = {}): Pool {
  return new Pool({ slots: 4, slotBytes: 4 * PAGE, ...options })
}

/** A module of one memory, whose image only the pool holds. */
export function moduleOf(
  pool: Pool,
  fill: number,
  initialBytes: number = PAGE,
): { module: PoolModule; image: MemoryImage } {
  const image = imageOf(fill)
  const module = pool.register({ label: `module-${fill}`, memories: [{ image, initialBytes }] })
  image.release()
  return { module, image }
}

/** A module of several memories. */
export function wideModuleOf(pool: Pool, memories: number, fill: number = 9): PoolModule {
  const images = Array.from({ length: memories }, (_, position) => imageOf(fill + position))
  const module = pool.register({ memories: images.map((image) => ({ image, initialBytes: PAGE })) })
  for (const image of images) image.release()
  return module
}

export function first(lease: Lease): LeasedMemory {
  return lease.memories[0] as LeasedMemory
}

/** Lines of /proc/self/maps and entries of /proc/self/fd that belong to an image. */
export function tracesOf(image: MemoryImage): { mappings: number; descriptors: number } {
  const path = `/memfd:${image.memfdName} (deleted)`
  const mappings = readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .filter((line) => line.endsWith(path)).length
  return { mappings, descriptors: descriptorPaths().filter((target) => target === path).length }
}

/** All memfd mappings and descriptors of the process. */
export function allTraces(): { mappings: number; descriptors: number } {
  const mappings = readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .filter((line) => line.includes('/memfd:warmslot') || line.includes('fill-')).length
  return { mappings, descriptors: descriptorPaths().filter((target) => target.includes('fill-')).length }
}

function descriptorPaths(): string[] {
  return readdirSync('/proc/self/fd').map((entry) => {
    try {
      return readlinkSync(`/proc/self/fd/${entry}`)
    } catch {
      return ''
    }
  })
}

/** Leases `count` slots of a module at the same time and gives them back: so many slots are affine to it afterwards. */
export function warm(pool: Pool, module: PoolModule, count: number): void {
  const leases = Array.from({ length: count }, () => pool.acquire(module))
  for (const lease of leases) lease.release()
}

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
