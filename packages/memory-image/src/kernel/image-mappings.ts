/**
 * Every mapping of an image that this process has, whoever made it: for finding those that no slot of a thread that still
 * lives accounts for.
 */

import { memfdNamePrefix } from '../image/image-name.ts'
import { memfdNameIn } from './kernel-traces.ts'
import { readProcLines } from './proc-lines.ts'

/** One mapping of an image: one line of /proc/self/maps. An image in two slots has two. */
export interface ImageMapping {
  /** As `MemoryImage.memfdName` has it. The image may be closed since. */
  readonly memfdName: string
  /** The first address. */
  readonly address: number
  /** In bytes: a multiple of the page size, greater than 0. */
  readonly byteLength: number
}

/**
 * The mappings of all images in this process, by address: of all threads, ended ones too, and of all copies of this package.
 * They are told by the names of their memfds. Reads /proc/self/maps in pieces, off the event loop: what is mapped or unmapped
 * while it reads may be in the list or not, what stays mapped is.
 * @throws the file system's error where /proc/self/maps cannot be read (as a rejection)
 */
export async function processImageMappings(): Promise<readonly ImageMapping[]> {
  const mappings: ImageMapping[] = []
  await readProcLines('/proc/self/maps', (line) => {
    const memfdName = memfdNameIn(line)
    if (memfdName?.startsWith(memfdNamePrefix) === true) mappings.push({ memfdName, ...rangeOf(line) })
  })
  return mappings
}

/** A line begins with `start-end `, in hexadecimal; addresses of user space are below 2^53. */
function rangeOf(line: string): { readonly address: number; readonly byteLength: number } {
  const address = Number.parseInt(line, 16)
  return { address, byteLength: Number.parseInt(line.slice(line.indexOf('-') + 1), 16) - address }
}
