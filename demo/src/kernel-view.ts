/**
 * What the kernel shows of the pool's images in this process, read here and not asked of the pool: the lines of
 * /proc/self/maps and the links of /proc/self/fd that bear the name of a module's memfd.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export interface KernelView {
  readonly mappings: number
  readonly descriptors: number
}

/** Counts by the label that the module was compiled with, which is part of its memfd's name. */
export function kernelView(label: string): KernelView {
  const ofImage = (text: string): boolean => text.includes('memfd:warmslot') && text.includes(`:${label} `)
  return {
    mappings: readFileSync('/proc/self/maps', 'utf8').split('\n').filter(ofImage).length,
    descriptors: descriptorLinks().filter(ofImage).length,
  }
}

function descriptorLinks(): string[] {
  return readdirSync('/proc/self/fd').map((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`)
    } catch {
      return '' // the one that read the folder is closed again
    }
  })
}

/** Shared memory of the whole machine in bytes (`Shmem` of proc_meminfo(5)): memfds count there. */
export function sharedMemoryBytes(): number {
  return Number(/^Shmem:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? Number.NaN) * 1024
}

/** Proportional resident memory of this process in bytes (`Pss` of smaps_rollup, proc_pid_smaps(5)). */
export function proportionalBytes(): number {
  return (
    Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync('/proc/self/smaps_rollup', 'utf8'))?.[1] ?? Number.NaN) *
    1024
  )
}
