/**
 * The seed of QuickJS's `Math.random`: 64 bits in the guest's context, first the time of day in microseconds. In a snapshot it is
 * the same for all uses, and nothing in the guest's interface sets it. So it is found by its value, and written in each use.
 */
import { randomFillSync } from 'node:crypto'
import type { PooledInstance } from '@warmslot/engine'

const seedBytes = 8
/** More than the context has; the seed is in its first kilobyte. */
const contextBytes = 2048
const stock = Buffer.alloc(4096)
let used = stock.byteLength

/** Where the seed of the context at `context` is, which was made since `startedMs`. @throws TypeError if that is not clear */
export function findSeed(instance: PooledInstance, context: number, startedMs: number): number {
  const [first, last] = [BigInt(startedMs) * 1000n, BigInt(Date.now()) * 1000n + 999n]
  const bytes = Buffer.from(instance.read(context, contextBytes))
  const places: number[] = []
  for (let place = 0; place + seedBytes <= contextBytes; place += seedBytes) {
    const value = bytes.readBigUInt64LE(place)
    if (value >= first && value <= last) places.push(context + place)
  }
  const [place] = places
  if (place === undefined || places.length > 1)
    throw new TypeError(`${places.length} places could be the seed of Math.random`)
  return place
}

/** Gives the guest a seed that nobody can know. It must not be 0, which its generator would stay at. */
export function writeSeed(instance: PooledInstance, address: number): void {
  if (used === stock.byteLength) {
    randomFillSync(stock)
    used = 0
  }
  const memory = new Uint8Array(instance.memory!.buffer, address, seedBytes)
  memory.set(stock.subarray(used, used + seedBytes))
  memory[0]! |= 1
  stock.fill(0, used, (used += seedBytes))
}
