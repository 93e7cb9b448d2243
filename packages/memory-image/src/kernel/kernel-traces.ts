/**
 * What the kernel still has of an image: its mappings in /proc/self/maps, its descriptors in /proc/self/fd. Both name a
 * memfd `/memfd:NAME (deleted)`; names are unique in the process, and they are compared whole.
 *
 * The whole process is looked at, all threads. The synchronous functions read all at once and take milliseconds in a
 * process with tens of thousands of mappings; the asynchronous ones read in pieces through the thread pool.
 */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { readdir, readlink } from 'node:fs/promises'
import { readProcLines } from './proc-lines.ts'

/** What the kernel has of one memfd. */
export interface KernelTraces {
  /** Lines in /proc/self/maps. */
  readonly mappings: number
  /** Links in /proc/self/fd. */
  readonly descriptors: number
}

/** Anything with a memfd's name: a `MemoryImage`, closed or not. */
export interface NamedMemfd {
  readonly memfdName: string
}

/** Descriptors asked about in one go, between two turns of the event loop. */
const descriptorsAtOnce = 64

const prefix = '/memfd:'
const suffix = ' (deleted)'

/** The memfd's name in a link or in a line of maps, or undefined. A name itself holds no slash and no blank. */
export function memfdNameIn(text: string): string | undefined {
  if (!text.endsWith(suffix)) return undefined
  const start = text.indexOf(prefix)
  return start < 0 ? undefined : text.slice(start + prefix.length, -suffix.length)
}

class Tally {
  readonly #traces = new Map<string, { mappings: number; descriptors: number }>()

  constructor(memfdNames: Iterable<string>) {
    for (const name of memfdNames) this.#traces.set(name, { mappings: 0, descriptors: 0 })
  }

  add(kind: keyof KernelTraces, text: string): void {
    const name = memfdNameIn(text)
    const traces = name === undefined ? undefined : this.#traces.get(name)
    if (traces !== undefined) traces[kind] += 1
  }

  get result(): ReadonlyMap<string, KernelTraces> {
    return this.#traces
  }
}

function countMappings(tally: Tally): void {
  for (const line of readFileSync('/proc/self/maps', 'latin1').split('\n')) tally.add('mappings', line)
}

function countDescriptors(tally: Tally): void {
  for (const entry of readdirSync('/proc/self/fd')) {
    try {
      tally.add('descriptors', readlinkSync(`/proc/self/fd/${entry}`))
    } catch {
      // Closed since the directory was read, as the directory's own descriptor is.
    }
  }
}

async function countMappingsAsync(tally: Tally): Promise<void> {
  await readProcLines('/proc/self/maps', (line) => tally.add('mappings', line))
}

async function countDescriptorsAsync(tally: Tally): Promise<void> {
  const entries = await readdir('/proc/self/fd')
  for (let start = 0; start < entries.length; start += descriptorsAtOnce) {
    const some = entries.slice(start, start + descriptorsAtOnce)
    const links = await Promise.allSettled(some.map((entry) => readlink(`/proc/self/fd/${entry}`)))
    for (const link of links) if (link.status === 'fulfilled') tally.add('descriptors', link.value)
  }
}

/** How many mappings of the image this process has. */
export function imageMappings(image: NamedMemfd): number {
  const tally = new Tally([image.memfdName])
  countMappings(tally)
  return tally.result.get(image.memfdName)!.mappings
}

/** How many descriptors of the image this process has. */
export function imageDescriptors(image: NamedMemfd): number {
  const tally = new Tally([image.memfdName])
  countDescriptors(tally)
  return tally.result.get(image.memfdName)!.descriptors
}

/** As {@link imageMappings}, off the event loop. */
export async function imageMappingsAsync(image: NamedMemfd): Promise<number> {
  const tally = new Tally([image.memfdName])
  await countMappingsAsync(tally)
  return tally.result.get(image.memfdName)!.mappings
}

/** As {@link imageDescriptors}, off the event loop. */
export async function imageDescriptorsAsync(image: NamedMemfd): Promise<number> {
  const tally = new Tally([image.memfdName])
  await countDescriptorsAsync(tally)
  return tally.result.get(image.memfdName)!.descriptors
}

/**
 * Where several memfds are mapped in this process, all threads: the first addresses, ascending, off the event loop.
 * @param memfdNames as `MemoryImage.memfdName` has them
 */
export async function imageAddresses(memfdNames: ReadonlySet<string>): Promise<number[]> {
  const addresses: number[] = []
  await readProcLines('/proc/self/maps', (line) => {
    const name = memfdNameIn(line)
    if (name !== undefined && memfdNames.has(name)) addresses.push(Number.parseInt(line, 16))
  })
  return addresses
}

/**
 * What the kernel has of several memfds, with one reading of each list, at once.
 * @param memfdNames as `MemoryImage.memfdName` has them
 * @returns one entry for each name that was asked for
 */
export function kernelTracesSync(memfdNames: Iterable<string>): ReadonlyMap<string, KernelTraces> {
  const tally = new Tally(memfdNames)
  countMappings(tally)
  countDescriptors(tally)
  return tally.result
}

/** As {@link kernelTracesSync}, off the event loop. */
export async function kernelTraces(memfdNames: Iterable<string>): Promise<ReadonlyMap<string, KernelTraces>> {
  const tally = new Tally(memfdNames)
  await countMappingsAsync(tally)
  await countDescriptorsAsync(tally)
  return tally.result
}
