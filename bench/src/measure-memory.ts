/** What a full pool takes of the machine's memory, and how that falls, in a process of its own. */
import { execFileSync } from 'node:child_process'

/** In MiB, from the kernel. */
export interface MemoryStep {
  readonly title: string
  readonly rssMib: number
  /** Shared pages count in parts. */
  readonly pssMib: number
  /** The machine's shared memory: an image is in it once, however many slots map it. Others may have some of it. */
  readonly shmemMib: number
}

export interface MemoryResult {
  readonly slots: number
  /** Pages of 4 KiB that each use has written. */
  readonly pages: number
  readonly steps: readonly MemoryStep[]
}

export function measureMemory(slots: number, pages: number): MemoryResult {
  const words = ['--expose-gc', `${import.meta.dirname}/memory/process.ts`, slots, pages]
  const output = execFileSync(process.execPath, words.map(String), { encoding: 'utf8' })
  return { slots, pages, steps: JSON.parse(output) as MemoryStep[] }
}
