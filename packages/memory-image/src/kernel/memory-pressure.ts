/**
 * Whether memory is short, for who could give some back. Two signs, either suffices:
 *
 *   /proc/pressure/memory, memory.pressure of the cgroup    tasks waited for memory for 5 % of the time since the last look
 *   memory.current and its limits, also those above         a cgroup has used up 90 % of what it may have
 *
 * A cgroup's use counts without its inactive page cache: the kernel takes that back by itself, at once. Sources: Linux,
 * Documentation/accounting/psi.rst, Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst. What is not there,
 * or may not be read, is no sign.
 */

import { readFileSync } from 'node:fs'
import { type CgroupFiles, memoryCgroups } from './memory-cgroups.ts'

/** Where the kernel's files are. */
export interface MemoryPressureOptions {
  /** @default '/proc' */
  readonly procDirectory?: string
  /** @default '/sys/fs/cgroup' */
  readonly cgroupDirectory?: string
}

/** Of the time between two looks: 50 milliseconds in a second. */
const stalledShare = 0.05
/** Of a cgroup's limit. */
const usedShare = 0.9
/** Between two looks at the stall times: what lies closer together says nothing. */
const shortestSpanMs = 100

export class MemoryPressure {
  readonly #groups: readonly CgroupFiles[]
  /** Files of stall times, with what they said last. */
  readonly #stalls = new Map<string, number>()
  #lookedMs: number | undefined
  #stalled = false

  constructor(options: MemoryPressureOptions = {}) {
    const { procDirectory = '/proc', cgroupDirectory = '/sys/fs/cgroup' } = options
    this.#groups = memoryCgroups(procDirectory, cgroupDirectory)
    for (const path of [
      `${procDirectory}/pressure/memory`,
      ...this.#groups.map(({ pressure }) => pressure),
    ]) {
      const total = path === undefined ? undefined : stallMicroseconds(path)
      if (path !== undefined && total !== undefined) this.#stalls.set(path, total)
    }
  }

  /**
   * Whether memory is short now. Reads a few small files, some 10 microseconds each: meant to be asked once a second or so.
   * @param nowMs a clock that never goes back, in milliseconds
   */
  isHigh(nowMs: number = performance.now()): boolean {
    return this.#stalledSince(nowMs) || this.#groups.some(nearlyFull)
  }

  #stalledSince(nowMs: number): boolean {
    const spanMs = nowMs - (this.#lookedMs ?? nowMs)
    if (this.#lookedMs !== undefined && spanMs < shortestSpanMs) return this.#stalled
    this.#lookedMs = nowMs
    this.#stalled = false
    for (const [path, before] of this.#stalls) {
      const total = stallMicroseconds(path) ?? before
      this.#stalls.set(path, total)
      if (total - before > stalledShare * spanMs * 1_000 && spanMs > 0) this.#stalled = true
    }
    return this.#stalled
  }
}

/** Of `some avg10=0.00 avg60=0.00 avg300=0.00 total=123`: time in which at least one task waited for memory. */
function stallMicroseconds(path: string): number | undefined {
  const total = /^some .*total=(\d+)/m.exec(contents(path) ?? '')?.[1]
  return total === undefined ? undefined : Number(total)
}

function nearlyFull({ usage, limits, statistics, inactiveFile }: CgroupFiles): boolean {
  const limitBytes = Math.min(...limits.map(byteCount))
  // A limit beyond all machines means: none. The first version of cgroups says it so.
  if (!(limitBytes < 2 ** 53)) return false
  const usedBytes = byteCount(usage)
  if (usedBytes === Infinity || usedBytes < usedShare * limitBytes) return false
  const line = new RegExp(`^${inactiveFile} (\\d+)$`, 'm').exec(contents(statistics) ?? '')
  return usedBytes - Number(line?.[1] ?? 0) >= usedShare * limitBytes
}

/** `max`, or no number at all: infinite. */
function byteCount(path: string): number {
  const text = contents(path)?.trim() ?? ''
  return /^\d+$/.test(text) ? Number(text) : Infinity
}

function contents(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
}
