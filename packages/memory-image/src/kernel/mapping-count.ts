/** How many memory mappings this process has, and may have. Beyond the limit V8 aborts the process: budget before. */

import { readFileSync } from 'node:fs'
import { readProcLines } from './proc-lines.ts'

/** The kernel's own default (DEFAULT_MAX_MAP_COUNT), for when /proc/sys cannot be read. */
const defaultMapCount = 65_530

/** How many mappings this process has now. Reads all of /proc/self/maps: milliseconds with many. */
export function mappingCount(): number {
  const bytes = readFileSync('/proc/self/maps')
  let lines = 0
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines += 1
  return lines
}

/** As {@link mappingCount}, read in small pieces in Node.js's thread pool. */
export async function mappingCountAsync(): Promise<number> {
  let lines = 0
  await readProcLines('/proc/self/maps', () => {
    lines += 1
  })
  return lines
}

/** How many mappings a process may have (vm.max_map_count). */
export function mapCountLimit(): number {
  try {
    const limit = Number.parseInt(readFileSync('/proc/sys/vm/max_map_count', 'utf8'), 10)
    return Number.isSafeInteger(limit) ? limit : defaultMapCount
  } catch {
    return defaultMapCount
  }
}
