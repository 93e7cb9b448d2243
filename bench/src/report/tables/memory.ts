/** What a full pool takes of the machine's memory, as a table. */
import { markdownTable, rounded } from '../format.ts'
import type { BenchResults } from '../results.ts'

export function memoryTable({ memory: { slots, pages, steps } }: BenchResults): string {
  return markdownTable(
    [
      `${slots.toLocaleString('en')} slots, ${pages} pages written in each, MiB`,
      'RSS',
      'PSS',
      'the machine’s shmem',
    ],
    steps.map(({ title, rssMib, pssMib, shmemMib }) => [title, ...[rssMib, pssMib, shmemMib].map(rounded)]),
  )
}
