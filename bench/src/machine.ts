/** What the figures depend on: the machine, its kernel, and Node.js. Nothing that tells whose machine it is. */
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'

export interface MachineFacts {
  readonly cpu: string
  readonly cores: number
  readonly memoryGib: number
  readonly kernel: string
  /** Setting of transparent huge pages: always, madvise or never. */
  readonly hugePages: string
  readonly node: string
  readonly v8: string
  /** Running processes, mean of the last minute, when the bench began. */
  readonly loadAtStart: number
}

export function machineFacts(): MachineFacts {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: `Linux ${release()}`,
    hugePages: hugePages(),
    node: process.versions.node,
    v8: process.versions.v8,
    loadAtStart: loadavg()[0] ?? Number.NaN,
  }
}

function hugePages(): string {
  try {
    const setting = readFileSync('/sys/kernel/mm/transparent_hugepage/enabled', 'utf8')
    return /\[(\w+)\]/.exec(setting)?.[1] ?? 'unknown'
  } catch {
    return 'unknown'
  }
}
