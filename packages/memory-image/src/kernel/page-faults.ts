/**
 * How many page faults this thread has had: getrusage(2), a fifth of what a scan takes. The kernel counts every fault that it
 * resolves for a thread (mm_account_fault in mm/memory.c), those within system calls as well.
 *
 *      struct rusage { timeval ru_utime, ru_stime; long ru_maxrss, ru_ixrss, ru_idrss, ru_isrss, ru_minflt, ru_majflt, ... }
 *
 * Read as 32-bit halves, as in `page-scan.ts`.
 */

import { RUSAGE_THREAD } from '../system/constants.ts'
import { onInjectionChange } from '../system/fault-injection.ts'
import { bufferAddress, getrusage } from '../system/libc.ts'

/** Larger than the structure of any C library: musl's has room for sixteen more numbers. */
const halves = new Uint32Array(128)
/** Where `ru_minflt` is, which `ru_majflt` follows. */
const minorFaults = 16
const majorFaults = 18

let address: number | undefined
let available = true

/** NaN, which equals nothing, where the kernel does not tell. */
export function threadPageFaults(): number {
  if (!available) return Number.NaN
  try {
    address ??= bufferAddress(halves)
    getrusage(RUSAGE_THREAD, address)
  } catch {
    available = false
    return Number.NaN
  }
  const faults = at(minorFaults) + at(majorFaults)
  // No thread runs without any: a kernel that says so does not count (gVisor).
  return faults === 0 ? Number.NaN : faults
}

function at(index: number): number {
  return halves[index]! + halves[index + 1]! * 2 ** 32
}

onInjectionChange(() => {
  available = true
})
