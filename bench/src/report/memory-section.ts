/** How much memory a process with many instances holds. */
import { stateTitles } from '../memory/measure-memory.ts'
import type { MemoryFigures } from '../memory/memory-figures.ts'
import type { MemoryState, MemoryStates } from '../memory/states.ts'
import { markdownTable, percent, rounded } from './format.ts'
import type { BenchResults } from './results.ts'

const memoryColumns = [
  ['RSS', 'rssBytes'],
  ['PSS', 'pssBytes'],
  ["of it the images'", 'pssShmemBytes'],
  ["kernel's Shmem", 'machineShmemBytes'],
  ['page tables', 'pageTableBytes'],
] as const satisfies readonly (readonly [string, keyof MemoryFigures])[]

const stateNames = ['inUse', 'released', 'trimmed', 'purged'] as const

/** What was added since there was no instance yet, and which share that is of what it was in use. */
function memoryRow(side: string, state: MemoryState, states: MemoryStates): string[] {
  const { before, inUse, [state]: figures } = states
  const added = (name: keyof MemoryFigures): string => rounded((figures![name] - before![name]) / 2 ** 20)
  const share = (figures!.pssBytes - before!.pssBytes) / (inUse!.pssBytes - before!.pssBytes)
  return [`${side}, ${stateTitles[state]}`].concat(
    memoryColumns.map(([, name]) => added(name)),
    percent(share),
  )
}

function memoryTable({ memory }: BenchResults): string {
  const { slots, pool, native } = memory
  const rows = Object.entries({ pooled: pool, native }).flatMap(([side, states]) => {
    return stateNames
      .filter((state) => states[state] !== undefined)
      .map((state) => memoryRow(side, state, states))
  })
  const head = `${slots.toLocaleString('en')} instances, MiB more than before`
  return markdownTable([head, ...memoryColumns.map(([title]) => title), 'PSS, of that in use'], rows)
}

/** @param picture the way to it */
export function memorySection(results: BenchResults, picture: string): string {
  return `![Memory of many instances: in use, released, after the purge](${picture})

${memoryTable(results)}

What a process holds beyond what it held before the module was compiled, a process each. Each instance has a memory of 10 MiB, has read its 1 MiB of data
and written ${results.memory.pages} pages, which stay resident when it is released; released native instances are collected. Pages of the image that slots
have read count in full in each slot's RSS, and once in PSS. \`Shmem\` is of the whole machine: the images' memfds are in it, and what others do.`
}
