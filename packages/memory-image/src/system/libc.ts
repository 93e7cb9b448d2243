/**
 * The one border between JavaScript and the kernel, and the only file that loads koffi.
 *
 * - Nothing is loaded at import; the first call loads koffi and looks up all symbols at once. A worker that is
 *   terminated in there, or while it makes a buffer, takes the process down: see `termination-lock.ts`.
 * - Symbols come from the running process (`dlopen(NULL)`), so glibc and musl are the same to us.
 * - Addresses are JavaScript numbers: user space ends at 2^47 (x86-64) or 2^48 (arm64), far below 2^53.
 * - Every return code goes through {@link check}, which turns -1 into a SystemCallError. Before every system call the
 *   fault injector is asked, if there is one.
 * - ioctl(2) and fcntl(2) are variadic in C. On x86-64 and arm64 Linux the third argument travels in the same register
 *   either way, so they are declared with three fixed ones.
 */

import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { SystemCallError } from '../errors/system-call-error.ts'
import { UnsupportedPlatformError } from '../errors/unsupported-platform-error.ts'
import { SC_PAGESIZE } from './constants.ts'
import { injectedErrno } from './fault-injection.ts'
import { assertOperatingSystem } from './platform.ts'
import { guarded } from './termination-lock.ts'

type Koffi = typeof import('koffi')

interface Symbols {
  readonly koffi: Koffi
  readonly mmap: (
    address: number,
    byteLength: number,
    protection: number,
    flags: number,
    descriptor: number,
    offset: number,
  ) => number
  readonly munmap: (address: number, byteLength: number) => number
  readonly mprotect: (address: number, byteLength: number, protection: number) => number
  readonly madvise: (address: number, byteLength: number, advice: number) => number
  readonly memfdCreate: (name: string, flags: number) => number
  readonly ftruncate: (descriptor: number, byteLength: number) => number
  readonly fcntl: (descriptor: number, command: number, argument: number) => number
  readonly ioctl: (descriptor: number, request: number, argument: number) => number
  readonly pwrite: (descriptor: number, bytes: Uint8Array, byteLength: number, offset: number) => number
  readonly pread: (descriptor: number, bytes: Uint8Array, byteLength: number, offset: number) => number
  readonly close: (descriptor: number) => number
  readonly copy: (to: number, from: number, byteLength: number) => number
  readonly copyIn: (to: number, from: Uint8Array, byteLength: number) => number
  readonly copyOut: (to: Uint8Array, from: number, byteLength: number) => number
  readonly getrusage: (who: number, usage: number) => number
  readonly compare: (one: number, other: number, byteLength: number) => number
  readonly memset: (address: number, value: number, byteLength: number) => number
  readonly pageBytes: number
}

let symbols: Symbols | undefined

function loadKoffi(): Koffi {
  try {
    return createRequire(import.meta.url)('koffi') as Koffi
  } catch (cause) {
    throw new UnsupportedPlatformError(
      'koffi, the foreign function library that @warmslot/memory-image needs, cannot be loaded: ' +
        `${cause instanceof Error ? cause.message : String(cause)}. Under --permission, start Node.js with ` +
        '--allow-addons; otherwise install again with optional dependencies, on the platform that it will run on',
      { cause },
    )
  }
}

function loadSymbols(): Symbols {
  assertOperatingSystem()
  const koffi = loadKoffi()
  const library = koffi.load(null)
  return {
    koffi,
    mmap: library.func(
      'intptr_t mmap(uintptr_t addr, size_t length, int prot, int flags, int fd, int64_t offset)',
    ),
    munmap: library.func('int munmap(uintptr_t addr, size_t length)'),
    mprotect: library.func('int mprotect(uintptr_t addr, size_t length, int prot)'),
    madvise: library.func('int madvise(uintptr_t addr, size_t length, int advice)'),
    memfdCreate: library.func('int memfd_create(const char *name, unsigned int flags)'),
    ftruncate: library.func('int ftruncate(int fd, int64_t length)'),
    fcntl: library.func('int fcntl(int fd, int cmd, int arg)'),
    ioctl: library.func('int ioctl(int fd, unsigned long request, uintptr_t arg)'),
    pwrite: library.func('intptr_t pwrite(int fd, const void *buf, size_t count, int64_t offset)'),
    pread: library.func('intptr_t pread(int fd, void *buf, size_t count, int64_t offset)'),
    close: library.func('int close(int fd)'),
    copy: library.func('uintptr_t memcpy(uintptr_t dest, uintptr_t src, size_t n)'),
    copyIn: library.func('uintptr_t memcpy(uintptr_t dest, const void *src, size_t n)'),
    copyOut: library.func('uintptr_t memcpy(void *dest, uintptr_t src, size_t n)'),
    getrusage: library.func('int getrusage(int who, uintptr_t usage)'),
    compare: library.func('int memcmp(uintptr_t s1, uintptr_t s2, size_t n)'),
    memset: library.func('uintptr_t memset(uintptr_t s, int c, size_t n)'),
    pageBytes: (library.func('long sysconf(int name)') as (name: number) => number)(SC_PAGESIZE),
  }
}

function libc(): Symbols {
  symbols ??= guarded(loadSymbols)
  return symbols
}

function errnoName(number: number): string {
  for (const [name, value] of Object.entries(constants.errno)) if (value === number) return name
  return `errno ${number}`
}

/** The one place where a return code becomes an error. */
function check(call: string, result: number): number {
  if (result === -1) throw new SystemCallError(call, errnoName(libc().koffi.errno()))
  return result
}

function failIfInjected(call: string): void {
  const errno = injectedErrno?.(call)
  if (errno !== undefined) throw new SystemCallError(call, errno)
}

/** Throws UnsupportedPlatformError unless koffi is loaded or can be. */
export function loadLibc(): void {
  libc()
}

/** The kernel's page size in bytes: 4, 16 or 64 KiB. */
export function pageBytes(): number {
  return libc().pageBytes
}

/** mmap(2). Returns the address. */
export function mmap(
  address: number,
  byteLength: number,
  protection: number,
  flags: number,
  descriptor: number,
): number {
  if (injectedErrno !== undefined) failIfInjected('mmap')
  return check('mmap', libc().mmap(address, byteLength, protection, flags, descriptor, 0))
}

/** munmap(2). */
export function munmap(address: number, byteLength: number): void {
  if (injectedErrno !== undefined) failIfInjected('munmap')
  check('munmap', libc().munmap(address, byteLength))
}

/** mprotect(2). */
export function mprotect(address: number, byteLength: number, protection: number): void {
  if (injectedErrno !== undefined) failIfInjected('mprotect')
  check('mprotect', libc().mprotect(address, byteLength, protection))
}

/** madvise(2). */
export function madvise(address: number, byteLength: number, advice: number): void {
  if (injectedErrno !== undefined) failIfInjected('madvise')
  check('madvise', libc().madvise(address, byteLength, advice))
}

/** memfd_create(2). Returns the descriptor. */
export function memfdCreate(name: string, flags: number): number {
  if (injectedErrno !== undefined) failIfInjected('memfd_create')
  return check('memfd_create', libc().memfdCreate(name, flags))
}

/** ftruncate(2). */
export function ftruncate(descriptor: number, byteLength: number): void {
  if (injectedErrno !== undefined) failIfInjected('ftruncate')
  check('ftruncate', libc().ftruncate(descriptor, byteLength))
}

/** fcntl(2) with a number as its argument. */
export function fcntl(descriptor: number, command: number, argument: number): number {
  if (injectedErrno !== undefined) failIfInjected('fcntl')
  return check('fcntl', libc().fcntl(descriptor, command, argument))
}

/** ioctl(2) with an address as its argument. */
export function ioctl(descriptor: number, request: number, argument: number): number {
  if (injectedErrno !== undefined) failIfInjected('ioctl')
  return check('ioctl', libc().ioctl(descriptor, request, argument))
}

/** getrusage(2) into the `struct rusage` at an address. */
export function getrusage(who: number, usage: number): void {
  if (injectedErrno !== undefined) failIfInjected('getrusage')
  check('getrusage', libc().getrusage(who, usage))
}

/** pwrite(2) until all of `bytes` is written. */
export function pwriteFully(descriptor: number, bytes: Uint8Array, offset: number): void {
  for (let written = 0; written < bytes.byteLength;) {
    if (injectedErrno !== undefined) failIfInjected('pwrite')
    const rest = written === 0 ? bytes : bytes.subarray(written)
    written += check('pwrite', libc().pwrite(descriptor, rest, rest.byteLength, offset + written))
  }
}

/** pread(2) until `bytes` is full. The file must be long enough. */
export function preadFully(descriptor: number, bytes: Uint8Array, offset: number): void {
  for (let filled = 0; filled < bytes.byteLength;) {
    if (injectedErrno !== undefined) failIfInjected('pread')
    const rest = filled === 0 ? bytes : bytes.subarray(filled)
    const count = check('pread', libc().pread(descriptor, rest, rest.byteLength, offset + filled))
    if (count === 0) throw new SystemCallError('pread', 'ENODATA')
    filled += count
  }
}

/** close(2). Never made to fail: Linux frees the descriptor whatever it returns, so there is no such state to test. */
export function closeDescriptor(descriptor: number): void {
  check('close', libc().close(descriptor))
}

/** memcpy(3) between two addresses. Both ranges must be accessible: the process dies otherwise. */
export function copyMemory(to: number, from: number, byteLength: number): void {
  libc().copy(to, from, byteLength)
}

/** memcpy(3) from JavaScript. The range at `to` must be writable: the process dies otherwise. */
export function copyInto(to: number, bytes: Uint8Array): void {
  if (bytes.byteLength > 0) libc().copyIn(to, bytes, bytes.byteLength)
}

/** memcpy(3) to JavaScript. The range at `from` must be readable: the process dies otherwise. */
export function copyFrom(from: number, bytes: Uint8Array): void {
  if (bytes.byteLength > 0) libc().copyOut(bytes, from, bytes.byteLength)
}

/** memcmp(3): whether two ranges hold the same. Both must be readable: the process dies otherwise. */
export function equalMemory(one: number, other: number, byteLength: number): boolean {
  return libc().compare(one, other, byteLength) === 0
}

/** Whether a range holds zeros only. It must be readable: the process dies otherwise. */
export function readsAsZeros(address: number, byteLength: number): boolean {
  const page = pageBytes()
  zeros ??= Buffer.alloc(page)
  zerosAddress ??= bufferAddress(zeros)
  if (libc().compare(address, zerosAddress, Math.min(byteLength, page)) !== 0) return false
  // Beyond the first page: each byte is that of a page before.
  return byteLength <= page || libc().compare(address + page, address, byteLength - page) === 0
}

/** Of this thread: a page. */
let zeros: Buffer | undefined
let zerosAddress: number | undefined

/** memset(3) with zero. The range must be writable: the process dies otherwise. */
export function zeroMemory(address: number, byteLength: number): void {
  libc().memset(address, 0, byteLength)
}

/** The address of the first byte of `buffer`. It stays valid as long as the buffer is alive and not detached. */
export function bufferAddress(buffer: ArrayBufferLike | ArrayBufferView): number {
  const { koffi } = libc()
  return guarded(() => Number(koffi.address(buffer)))
}

/** An ArrayBuffer over memory that JavaScript does not own. */
export function externalBuffer(address: number, byteLength: number): ArrayBuffer {
  const { koffi } = libc()
  return guarded(() => koffi.view(BigInt(address), byteLength))
}
