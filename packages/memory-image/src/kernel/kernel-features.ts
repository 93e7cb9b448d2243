/** What this kernel can do, found out by trying: versions say little under backports, seccomp and gVisor. */

import type { SystemCallError } from '../errors/system-call-error.ts'
import { memfdNamePrefix } from '../image/image-name.ts'
import { allSeals, createMemfd } from '../image/memfd.ts'
import { canScan } from '../slot/page-scan.ts'
import * as linux from '../system/constants.ts'
import { onInjectionChange } from '../system/fault-injection.ts'
import {
  closeDescriptor,
  fcntl,
  ftruncate,
  loadLibc,
  madvise,
  mmap,
  munmap,
  pageBytes,
} from '../system/libc.ts'
import { rehearse } from './rehearsal.ts'

/** What was found. Nothing works without `memfd` and `sealing`; the rest only makes things faster. */
export interface KernelFeatures {
  /** The page size in bytes. */
  readonly pageBytes: number
  /** memfd_create(2), since Linux 3.17. */
  readonly memfd: boolean
  /** Seals of memfds against writing and resizing (fcntl(2), F_ADD_SEALS). */
  readonly sealing: boolean
  /** The PAGEMAP_SCAN ioctl, since Linux 6.7. Without it a reset gives all pages back. */
  readonly pagemapScan: boolean
  /** Advice against huge pages: absent in kernels that have none, where it is not needed. */
  readonly noHugePageAdvice: boolean
  /**
   * The first call that images and slots need and that is refused here, by the kernel, a seccomp profile, a security module
   * or a limit; undefined: a whole use of a slot has been tried and works.
   */
  readonly refusal: SystemCallError | undefined
}

function works(action: () => void): boolean {
  try {
    action()
    return true
  } catch {
    return false
  }
}

function withMemfd(action: (descriptor: number) => void): void {
  const descriptor = createMemfd(`${memfdNamePrefix}probe`)
  try {
    action(descriptor)
  } finally {
    closeDescriptor(descriptor)
  }
}

function trySeals(descriptor: number): void {
  ftruncate(descriptor, pageBytes())
  fcntl(descriptor, linux.F_ADD_SEALS, allSeals)
  // MFD_NOEXEC_SEAL has added one of its own.
  if ((fcntl(descriptor, linux.F_GET_SEALS, 0) & allSeals) !== allSeals)
    throw new Error('seals were not kept')
}

function tryAdvice(): void {
  const flags = linux.MAP_PRIVATE | linux.MAP_ANONYMOUS | linux.MAP_NORESERVE
  const page = mmap(0, pageBytes(), linux.PROT_NONE, flags, -1)
  try {
    madvise(page, pageBytes(), linux.MADV_NOHUGEPAGE)
  } finally {
    munmap(page, pageBytes())
  }
}

let found: KernelFeatures | undefined

/**
 * What this kernel can do. Tried once for each thread; after a refusal again, since limits may be raised.
 * @throws {UnsupportedPlatformError} where this package cannot work
 */
export function kernelFeatures(): KernelFeatures {
  loadLibc()
  if (found !== undefined) return found
  const features = Object.freeze({
    pageBytes: pageBytes(),
    memfd: works(() => withMemfd(() => {})),
    sealing: works(() => withMemfd(trySeals)),
    pagemapScan: canScan(),
    noHugePageAdvice: works(tryAdvice),
    refusal: rehearse(),
  })
  if (features.refusal === undefined) found = features
  return features
}

/**
 * Throws a clear error where this package cannot work: another operating system or architecture, or koffi cannot
 * load. Every function does so at first use; this one is for asking early.
 * @throws {UnsupportedPlatformError}
 */
export function assertSupportedPlatform(): void {
  loadLibc()
}

onInjectionChange(() => {
  found = undefined
})
