/**
 * A sealed memfd (memfd_create(2)): anonymous shared memory that nobody can write to or resize any more, so a private
 * mapping of it reads the same bytes for ever.
 *
 * The descriptor that is kept is a second, read-only one, opened through /proc by node:fs. Node.js closes what a worker
 * thread opened through node:fs when that worker ends or is terminated; a descriptor from a foreign function it does
 * not know, and the image's bytes would stay in the kernel until the process ends.
 */

import { close, closeSync, openSync } from 'node:fs'
import { SystemCallError } from '../errors/system-call-error.ts'
import * as linux from '../system/constants.ts'
import { closeDescriptor, fcntl, ftruncate, memfdCreate } from '../system/libc.ts'

/** All that sealing can forbid: writing, growing, shrinking, and any change of the seals themselves. */
export const allSeals: number =
  linux.F_SEAL_SEAL | linux.F_SEAL_SHRINK | linux.F_SEAL_GROW | linux.F_SEAL_WRITE

/** An open descriptor, and who must close it. */
export interface Descriptor {
  readonly number: number
  /** Opened through node:fs, which then also has to close it. */
  readonly managed: boolean
}

/** A new, empty, writable memfd that can be sealed. */
export function createMemfd(name: string): number {
  const flags = linux.MFD_CLOEXEC | linux.MFD_ALLOW_SEALING
  try {
    return memfdCreate(name, flags | linux.MFD_NOEXEC_SEAL)
  } catch (error) {
    // Kernels before 6.3 do not know the flag.
    if (!SystemCallError.isInstance(error) || error.errno !== 'EINVAL') throw error
    return memfdCreate(name, flags)
  }
}

/** Seals `descriptor` at `byteLength`. */
export function sealMemfd(descriptor: number, byteLength: number): void {
  ftruncate(descriptor, byteLength)
  fcntl(descriptor, linux.F_ADD_SEALS, allSeals)
}

/** A read-only descriptor of the same memfd, which the thread that opens it has to close. Needs /proc. */
export function openAgain(descriptor: number): Descriptor {
  return { number: openSync(`/proc/self/fd/${descriptor}`, 'r'), managed: true }
}

/** A read-only descriptor of the same memfd, to be kept; `descriptor` itself where /proc cannot be opened. */
export function openReadOnly(descriptor: number): Descriptor {
  try {
    return openAgain(descriptor)
  } catch {
    // No /proc, or --permission without it: the first descriptor serves as well, it is sealed.
    return { number: descriptor, managed: false }
  }
}

/** Closes now. Freeing 100 MiB takes the kernel milliseconds. */
export function closeMemfd(descriptor: Descriptor): void {
  if (descriptor.managed) closeSync(descriptor.number)
  else closeDescriptor(descriptor.number)
}

/** Closes in Node.js's thread pool. */
export function closeMemfdAsync(descriptor: Descriptor): Promise<void> {
  if (!descriptor.managed) {
    closeDescriptor(descriptor.number)
    return Promise.resolve()
  }
  return new Promise((resolve, reject) => {
    close(descriptor.number, (error) => (error ? reject(error) : resolve()))
  })
}
