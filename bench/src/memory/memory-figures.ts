/** How much memory this process holds, in the kernel's words: proc_pid_smaps(5), proc_pid_status(5), proc_meminfo(5). */
import { readFileSync } from 'node:fs'

/** All in bytes. */
export interface MemoryFigures {
  /** Resident set: pages in memory, shared ones in full. */
  readonly rssBytes: number
  /** Proportional set: shared pages divided by those who share them. */
  readonly pssBytes: number
  /** Of the proportional set, shared memory: pages of images that slots have read. */
  readonly pssShmemBytes: number
  /** Shared memory of the whole machine, where the images' memfds count, read or not. Others change it too. */
  readonly machineShmemBytes: number
  /** Page tables. */
  readonly pageTableBytes: number
}

function figureOf(text: string, name: string): number {
  const line = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)
  if (line === null) throw new Error(`the kernel does not say ${name}`)
  return Number(line[1]) * 1024
}

export function memoryFigures(): MemoryFigures {
  const own = readFileSync('/proc/self/smaps_rollup', 'utf8')
  return {
    rssBytes: figureOf(own, 'Rss'),
    pssBytes: figureOf(own, 'Pss'),
    pssShmemBytes: figureOf(own, 'Pss_Shmem'),
    machineShmemBytes: figureOf(readFileSync('/proc/meminfo', 'utf8'), 'Shmem'),
    pageTableBytes: figureOf(readFileSync('/proc/self/status', 'utf8'), 'VmPTE'),
  }
}
