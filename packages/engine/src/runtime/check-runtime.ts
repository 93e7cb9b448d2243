/**
 * Finds out, once per thread, whether this V8 leaves bounds checks to the page protection that slots rely on.
 *
 * Not by version numbers, but by trying, without a step that could crash: a memory of one page is made, and the page
 * behind its end, which must be part of V8's own guard region, is made readable for a moment. Code that reads beyond
 * the end then either gets that page's bytes (no explicit check: the protection is what traps, as slots need it) or a
 * RuntimeError (explicit checks: on a slot, V8 would check against the capacity, and the protected page would kill the
 * process). Explicit checks are what `--disable-wasm-trap-handler` and `--wasm-enforce-bounds-checks` give, and what
 * Node chooses by itself when its address space is limited.
 */
import { assertSupportedPlatform, kernelFeatures } from '@warmslot/memory-image'

import { pageBytes } from '../binary/sort-segments.ts'
import { UnsupportedRuntimeError } from '../errors/unsupported-runtime-error.ts'
import { boundsAreLeftToProtection, endOf, guardBytesFrom } from './guard-regions.ts'

/** What the check found out. */
export interface RuntimeFacts {
  /** How much address space V8 reserves for one memory, in bytes: the memory and its guard regions. */
  readonly reservedBytesPerMemory: number
}

let facts: RuntimeFacts | undefined

/** @throws UnsupportedRuntimeError, or memory-image's UnsupportedPlatformError. */
export function checkRuntime(): RuntimeFacts {
  return (facts ??= findFacts())
}

function findFacts(): RuntimeFacts {
  assertSupportedPlatform()
  checkWebAssembly()
  checkKernel()
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 })
  const end = endOf(memory)
  const reserved = guardBytesFrom(end)
  // 4 GiB for the index and 4 GiB for the static offset must be behind the memory's start.
  if (reserved + pageBytes < 2 ** 33) {
    throw new UnsupportedRuntimeError(
      'V8 reserves no guard regions behind its memories',
      'Start Node without --disable-wasm-trap-handler, and without a limit on its address space (ulimit -v).',
    )
  }
  checkBoundsAreLeftToProtection(memory, end)
  return { reservedBytesPerMemory: reserved + pageBytes }
}

function checkKernel(): void {
  const { refusal } = kernelFeatures()
  if (refusal === undefined) return
  const { syscall, errno, hint } = refusal
  throw new UnsupportedRuntimeError(
    `the system call ${syscall} is refused with ${errno}`,
    `${hint[0]!.toUpperCase()}${hint.slice(1)}. Linux 3.17 or later is needed, and a seccomp profile that allows ` +
      'memfd_create, ftruncate, fcntl, pwrite, pread, mmap, munmap, mprotect and madvise, as RuntimeDefault does.',
    { cause: refusal },
  )
}

/** V8 without its compilers (`--jitless`) has no WebAssembly. */
function checkWebAssembly(): void {
  if (typeof WebAssembly === 'object') return
  throw new UnsupportedRuntimeError(
    'V8 has no WebAssembly',
    'Start Node without --jitless (see also NODE_OPTIONS).',
  )
}

/** `(import "" "m" (memory 1)) (export "f" (func (param i32) (result i32) local.get 0 i32.load8_u))`. */
const loaderBytes = new Uint8Array([
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x06, 0x01, 0x60, 0x01, 0x7f, 0x01, 0x7f, 0x02, 0x07,
  0x01, 0x00, 0x01, 0x6d, 0x02, 0x00, 0x01, 0x03, 0x02, 0x01, 0x00, 0x07, 0x05, 0x01, 0x01, 0x66, 0x00, 0x00,
  0x0a, 0x09, 0x01, 0x07, 0x00, 0x20, 0x00, 0x2d, 0x00, 0x00, 0x0b,
])

function checkBoundsAreLeftToProtection(memory: WebAssembly.Memory, end: number): void {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(loaderBytes), { '': { m: memory } })
  const load = exports['f'] as (address: number) => number
  if (boundsAreLeftToProtection(end, () => load(pageBytes))) return
  throw new UnsupportedRuntimeError(
    'V8 checks the bounds of memory accesses in code instead of by page protection',
    'Start Node without --wasm-enforce-bounds-checks and --disable-wasm-trap-handler (see also NODE_OPTIONS), and ' +
      'without a limit on its address space (ulimit -v).',
  )
}
