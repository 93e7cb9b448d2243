/** The results as Markdown. */
import { loadavg } from 'node:os'
import type { MachineFacts } from '../machine.ts'
import { markdownTable, rounded } from '../report/format.ts'
import type { HostAmounts, JobResult, SideResult } from './measure-hosts.ts'
import { serverOptions } from './server-options.ts'

export interface HostResults {
  readonly startedAt: string
  readonly durationSeconds: number
  readonly machine: MachineFacts
  /** Running processes, mean of the last minute, when the bench ended. */
  readonly loadAtEnd: number
  readonly amounts: HostAmounts
  readonly server: typeof serverOptions
  readonly jobs: readonly JobResult[]
}

export function loadNow(): number {
  return loadavg()[0] ?? Number.NaN
}

const head = [
  'one request',
  'MiB',
  'pooled: requests a second',
  'p50, ms',
  'p99, ms',
  'native: requests a second',
  'p50, ms',
  'p99, ms',
  'throughput, of native',
  'p99, native of pooled',
]

export function hostMarkdown(results: HostResults): string {
  const { machine, amounts, server, jobs } = results
  const rows = jobs.map(({ title, moduleBytes, pooled, native, throughputRatio, p99Ratio }) => [
    title,
    rounded(moduleBytes / 2 ** 20),
    ...cells(pooled),
    ...cells(native),
    `${rounded(throughputRatio)}×`,
    `${rounded(p99Ratio)}×`,
  ])
  const sides = jobs.flatMap(({ pooled, native }) => [pooled, native])
  const answers = sides.reduce((total, { requests }) => total + requests, 0)
  const wrong = sides.reduce((total, { wrong: one }) => total + one, 0)
  const failed = sides.reduce((total, { failed: one }) => total + one, 0)
  return `# The host under load

${markdownTable(head, rows)}

The pool saves what making an instance costs, and nothing of what the program itself does in a request: the shorter a program's own work and the larger
its memory at the start, the more that is.

Two servers, each with ${server.workers} workers and ${server.slots} slots a worker, one with the pool and one with a native instance for each request, under the
load of ${amounts.connections} connections by turns: ${amounts.rounds} rounds of ${amounts.seconds} s each. Every request had a number of its own, and its answer was checked:
${answers.toLocaleString('en')} right ones, ${wrong} wrong ones, ${failed} that failed. The load comes from the same machine, and takes its share of the cores.

${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB; ${machine.kernel}; Node.js ${machine.node} (V8 ${machine.v8}). ${results.startedAt.slice(0, 10)}, ${Math.round(results.durationSeconds)} seconds; running
processes, mean of a minute: ${rounded(machine.loadAtStart)} before it, ${rounded(results.loadAtEnd)} at its end. ${busy(machine)}Repeat it: \`npx --yes pnpm@12 bench:host\`.
`
}

/** Figures of a machine that does something else beside are worth little; both sides of a ratio had it alike. */
function busy({ loadAtStart, cores }: MachineFacts): string {
  if (loadAtStart < cores / 2) return ''
  return 'It was busy with other work, so that only the ratios say something. '
}

function cells({ requestsPerSecond, p50Ms, p99Ms }: SideResult): string[] {
  return [rounded(requestsPerSecond), rounded(p50Ms), rounded(p99Ms)]
}
