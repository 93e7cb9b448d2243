/**
 * PAGEMAP_SCAN (Linux 6.7, Documentation/admin-guide/mm/pagemap.rst): one ioctl(2) that walks the page table of an
 * address range and reports, as ranges, the pages of given kinds. A slot's private pages are the ones that are there
 * (in memory or swapped out) and not a page of the image's file.
 *
 * The argument and the ranges live in one ArrayBuffer for each thread, read and written as 32-bit halves: JavaScript
 * numbers are exact up to 2^53, addresses end at 2^48, and BigInts would be allocated.
 *
 *      struct pm_scan_arg { u64 size, flags, start, end, walk_end, vec, vec_len, max_pages,
 *                           category_inverted, category_mask, category_anyof_mask, return_mask }
 *      struct page_region { u64 start, end, categories }
 */

import { closeSync, openSync } from 'node:fs'
import { SystemCallError } from '../errors/system-call-error.ts'
import * as linux from '../system/constants.ts'
import { onInjectionChange } from '../system/fault-injection.ts'
import { bufferAddress, ioctl } from '../system/libc.ts'

const argumentWords = 12
const regionWords = 3
/**
 * Ranges for each call. More pages take more calls: nothing is lost. The kernel makes room for so many, of 24 bytes each, at
 * each call: within 8 KiB it has it ready, beyond it asks its page allocator, 0.7 microseconds more for every scan.
 */
const regionCapacity = 256

const halves = new Uint32Array(2 * (argumentWords + regionWords * regionCapacity))
let argumentAddress = 0
let descriptor: number | undefined

function setWord(word: number, value: number): void {
  halves[2 * word] = value % 2 ** 32
  halves[2 * word + 1] = Math.floor(value / 2 ** 32)
}

function getWord(word: number): number {
  return halves[2 * word]! + halves[2 * word + 1]! * 2 ** 32
}

function open(): number {
  if (descriptor !== undefined) return descriptor
  argumentAddress = bufferAddress(halves)
  // A page of the file, written or not, is no private page; any other one that is there is.
  setWord(0, 8 * argumentWords)
  setWord(5, argumentAddress + 8 * argumentWords)
  setWord(6, regionCapacity)
  setWord(8, linux.PAGE_IS_FILE)
  setWord(9, linux.PAGE_IS_FILE)
  setWord(10, linux.PAGE_IS_PRESENT | linux.PAGE_IS_SWAPPED)
  setWord(11, linux.PAGE_IS_PRESENT | linux.PAGE_IS_SWAPPED | linux.PAGE_IS_PFNZERO)
  // Through node:fs, which opens with O_CLOEXEC and closes it when a worker ends.
  descriptor = openSync('/proc/self/pagemap', 'r')
  return descriptor
}

/**
 * Looks for private pages in `[start, end)`, at most `maximumPages` of them. Read the result with
 * {@link regionStart} and its siblings before the next scan.
 * @returns how many ranges were found
 */
export function scanPrivatePages(start: number, end: number, maximumPages: number): number {
  const file = open()
  setWord(2, start)
  setWord(3, end)
  setWord(7, maximumPages)
  return ioctl(file, linux.PAGEMAP_SCAN, argumentAddress)
}

/** Where the last scan stopped: the end that was asked for, unless a limit was reached before. */
export function scannedTo(): number {
  return getWord(4)
}

/** The first address of a range that the last scan found. */
export function regionStart(index: number): number {
  return getWord(argumentWords + regionWords * index)
}

/** The address after the last one of a range. */
export function regionEnd(index: number): number {
  return getWord(argumentWords + regionWords * index + 1)
}

/** Whether the range is swapped out: its bytes are not in memory. */
export function regionIsSwapped(index: number): boolean {
  return (halves[2 * (argumentWords + regionWords * index + 2)]! & linux.PAGE_IS_SWAPPED) !== 0
}

/** Whether the range is the kernel's shared page of zeros: read, but never written. */
export function regionIsZeroPage(index: number): boolean {
  return (halves[2 * (argumentWords + regionWords * index + 2)]! & linux.PAGE_IS_PFNZERO) !== 0
}

let available: boolean | undefined

/** Whether this kernel scans, found out by trying once. */
export function canScan(): boolean {
  return available ?? tryScan()
}

/**
 * Takes note of a failed scan. A kernel that does not know it, or a seccomp profile that forbids it, will not change
 * its mind: scans are not tried again. Anything else (no memory, no descriptor left) may pass.
 */
export function noteScanFailure(error: unknown): void {
  if (SystemCallError.isInstance(error) && ['ENOMEM', 'EINTR', 'EAGAIN'].includes(error.errno)) return
  if (['EMFILE', 'ENFILE'].includes((error as NodeJS.ErrnoException).code ?? '')) return
  available = false
}

function tryScan(): boolean {
  try {
    open()
    const page = argumentAddress - (argumentAddress % 65_536)
    scanPrivatePages(page, page + 65_536, 1)
    available = true
    return true
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor)
    descriptor = undefined
    noteScanFailure(error)
    return false
  }
}

onInjectionChange(() => {
  available = undefined
})
