/**
 * An image for the other threads of its process: each opens the memfd for itself, maps it into its own slots, and closes it by
 * itself; the kernel keeps the bytes once, until the last of them has let go.
 *
 *     thread that made it     share() ── what postMessage can carry ──► another thread     adopt()
 *        descriptor 21 ───────────────────────┐                           descriptor 25 ──┐
 *                                             └──────── one memfd ────────────────────────┘
 *
 * Assumption: the maker keeps its image open until the others have adopted it. Descriptors are the process's, so a number that was
 * closed meanwhile may be another file: its identity is checked.
 */

import { fstatSync } from 'node:fs'
import { ImageClosedError } from '../errors/image-closed-error.ts'
import { closeMemfd, type Descriptor, openAgain } from './memfd.ts'

/** Where an image's bytes are that are no pages of zeros: offsets from its start, ascending. */
export interface Run {
  readonly start: number
  readonly end: number
}

/** Of `MemoryImage.share`, for `MemoryImage.adopt` in another thread of the same process. */
export interface SharedImage {
  readonly memfdName: string
  readonly label: string
  readonly offset: number
  readonly byteLength: number
  readonly runs: readonly Run[]
  /** The maker's descriptor and its file; undefined for an image of zeros. */
  readonly memfd: { readonly descriptor: number; readonly device: number; readonly inode: number } | undefined
}

/** What identifies the file of a descriptor. */
export function identityOf(descriptor: number): { readonly device: number; readonly inode: number } {
  const { dev, ino } = fstatSync(descriptor)
  return { device: dev, inode: ino }
}

/** A descriptor of this thread's. @throws {ImageClosedError} if the maker's is closed */
export function adoptMemfd({ memfd, memfdName }: SharedImage): Descriptor | undefined {
  if (memfd === undefined) return undefined
  let descriptor: Descriptor
  try {
    descriptor = openAgain(memfd.descriptor)
  } catch {
    throw new ImageClosedError(memfdName)
  }
  const { device, inode } = identityOf(descriptor.number)
  if (device === memfd.device && inode === memfd.inode) return descriptor
  closeMemfd(descriptor)
  throw new ImageClosedError(memfdName)
}
