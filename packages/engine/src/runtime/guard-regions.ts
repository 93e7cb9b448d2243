/**
 * How V8 lays out a memory and checks its bounds, found out by trying, without a step that could crash.
 *
 *   | one page | V8's guard region: mapped with the memory, no access |
 *              ^ made readable for a moment; a load from here gets its bytes, or an explicit check stops it
 */
import { SlotMemory, addressOf } from '@warmslot/memory-image'
import { readFileSync } from 'node:fs'

import { pageBytes } from '../binary/sort-segments.ts'
import { UnsupportedRuntimeError } from '../errors/unsupported-runtime-error.ts'

/** The first address behind a memory of one page. */
export function endOf(memory: WebAssembly.Memory): number {
  return addressOf(memory.buffer) + pageBytes
}

/**
 * How many bytes from `start` on are mapped without any access, without a gap: V8's guard region, and what of the same sort
 * happens to follow it.
 */
export function guardBytesFrom(start: number): number {
  let end = start
  for (const line of readMappings()) {
    const match = /^([0-9a-f]+)-([0-9a-f]+) (\S{4})/.exec(line)
    if (!match) continue
    const from = Number.parseInt(match[1]!, 16)
    const to = Number.parseInt(match[2]!, 16)
    if (from <= end && end < to && match[3]!.startsWith('---')) end = to
  }
  return end - start
}

function readMappings(): string[] {
  try {
    return readFileSync('/proc/self/maps', 'latin1').split('\n')
  } catch (cause) {
    throw new UnsupportedRuntimeError(
      `/proc/self/maps cannot be read (${cause instanceof Error ? cause.message : String(cause)})`,
      'Mount /proc, and under --permission start Node.js with --allow-fs-read=/proc.',
      { cause },
    )
  }
}

/**
 * Whether code reads beyond a memory's end when the page there allows it: then nothing but the protection traps. That page
 * must belong to the memory's own reservation.
 * @param load reads a byte there
 * @throws what `load` throws besides RuntimeError
 */
export function boundsAreLeftToProtection(end: number, load: () => unknown): boolean {
  const behind = new SlotMemory({ base: end, byteLength: pageBytes })
  behind.prepare(undefined, pageBytes)
  try {
    load()
    return true
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error
    return false
  } finally {
    behind.wipe()
  }
}
