/** How much private memory an address range takes, from the kernel. */

import { closeSync, openSync, readSync } from 'node:fs'
import { pageBytes } from '../system/libc.ts'
import * as scan from './page-scan.ts'

const entryBytes = 8
const entriesPerRead = 8192

/**
 * Private bytes of `[base, base + byteLength)` that are in memory: copies of the image's pages and anonymous ones.
 * Without PAGEMAP_SCAN the shared page of zeros counts as well where it was read.
 */
export function residentBytes(base: number, byteLength: number): number {
  return scan.canScan() ? fromScan(base, base + byteLength) : fromPagemap(base, byteLength)
}

function fromScan(base: number, end: number): number {
  let bytes = 0
  for (let position = base; position < end; position = scan.scannedTo()) {
    const count = scan.scanPrivatePages(position, end, 0)
    for (let index = 0; index < count; index += 1) {
      if (scan.regionIsZeroPage(index) || scan.regionIsSwapped(index)) continue
      bytes += scan.regionEnd(index) - scan.regionStart(index)
    }
  }
  return bytes
}

/** One 64-bit entry for each page: bit 63 present, bit 61 a page of a file. Both lie in the last byte. */
function fromPagemap(base: number, byteLength: number): number {
  const page = pageBytes()
  const entries = new Uint8Array(entriesPerRead * entryBytes)
  const descriptor = openSync('/proc/self/pagemap', 'r')
  try {
    let pages = 0
    const end = ((base + byteLength) / page) * entryBytes
    for (let position = (base / page) * entryBytes; position < end;) {
      const count = readSync(descriptor, entries, 0, Math.min(entries.byteLength, end - position), position)
      if (count === 0) break
      for (let last = entryBytes - 1; last < count; last += entryBytes) {
        if ((entries[last]! & 0b1010_0000) === 0b1000_0000) pages += 1
      }
      position += count
    }
    return pages * page
  } finally {
    closeSync(descriptor)
  }
}
