/** The results as tables: what stands in the READMEs, and in the file beside the JSON. */
import { firstCallsSection, firstCallsTable } from './first-calls-section.ts'
import { markdownTable, rounded } from './format.ts'
import { memorySection } from './memory-section.ts'
import { peersSection } from './peers-section.ts'
import { purgeSection } from './purge-section.ts'
import { realCallsSection } from './real-calls-section.ts'
import type { BenchResults } from './results.ts'
import { threadsSection } from './threads-section.ts'
import { turnsSection } from './turns-section.ts'

function usesTable({ uses }: BenchResults): string {
  return markdownTable(
    [
      'one use, µs',
      'native p50',
      'p99',
      'mean',
      'pooled p50',
      'p99',
      'mean',
      'p50 faster by',
      'p99 faster by',
      'mean faster by',
    ],
    uses.map(({ title, native, pooled, ratio }) => [
      title,
      ...[native.p50, native.p99, native.mean, pooled.p50, pooled.p99, pooled.mean].map(rounded),
      ...[ratio.p50, ratio.p99, ratio.mean].map((factor) => `${rounded(factor)}×`),
    ]),
  )
}

function allocatorTable({ allocator, amounts }: BenchResults): string {
  const { capacities } = amounts
  const strategies = [...new Set(allocator.map(({ strategy }) => strategy))]
  const rows = strategies.map((strategy) => {
    const figures = allocator.filter((result) => result.strategy === strategy)
    return [`\`${strategy}\``].concat(figures.map(({ pairNs }) => rounded(pairNs)))
  })
  const head = capacities.map((capacity) => `${capacity.toLocaleString('en')} slots`)
  return markdownTable(['allocate + free, ns', ...head], rows)
}

function spawnsTable({ spawns }: BenchResults): string {
  const [{ spawn: alone } = { spawn: undefined }] = spawns
  return markdownTable(
    ['one `spawn` beside', 'p50, ms', 'p99, ms', 'mean, ms', 'p50, of that without', 'mean, of that without'],
    spawns.map(({ title, spawn }) => [
      title,
      ...[spawn.p50, spawn.p99, spawn.mean].map((duration) => rounded(duration / 1000)),
      ...[spawn.p50 / alone!.p50, spawn.mean / alone!.mean].map((factor) => `${rounded(factor)}×`),
    ]),
  )
}

function deadlinesTable({ deadlines }: BenchResults): string {
  return markdownTable(
    [
      'one piece of work, µs',
      'without p50',
      'p99',
      'mean',
      'with p50',
      'p99',
      'mean',
      'p50 ratio',
      'p99 ratio',
      'mean ratio',
    ],
    deadlines.costs.map(({ title, without, with: checked, ratio }) => [
      title,
      ...[without.p50, without.p99, without.mean, checked.p50, checked.p99, checked.mean].map(rounded),
      ...[ratio.p50, ratio.p99, ratio.mean].map((factor) => factor.toFixed(3)),
    ]),
  )
}

/** The mean of the ratios, as of factors. */
function meanRatio({ deadlines }: BenchResults): string {
  const logarithms = deadlines.costs.map(({ ratio }) => Math.log(ratio.mean))
  return Math.exp(logarithms.reduce((sum, one) => sum + one, 0) / logarithms.length).toFixed(3)
}

function pausesOf({ uses }: BenchResults, side: 'native' | 'pooled'): string {
  const pauses = uses.map((use) => use[side].pauses)
  const count = pauses.reduce((sum, pause) => sum + pause.count, 0)
  const total = pauses.reduce((sum, pause) => sum + pause.totalMs, 0)
  return `${count.toLocaleString('en')} pauses of ${rounded(total)} ms together`
}

/** Of a whole run, where there is less room. @param results as of {@link markdownOf} */
export function summaryOf(found: BenchResults, name: string, results: string): string {
  const { machine, startedAt } = found
  return `![One use, native and pooled: p50, mean and p99 on a logarithmic axis](${results}/${name}.svg)

${usesTable(found)}

Instantiate, call one export, drop the instance or release it; by turns in one process, with the garbage collector's pauses in the mean.
The guest that writes has a memory of 10 MiB, of which 1 MiB is data; pages are of 4 KiB.

![One use in the pool, natively, in Wasmtime, and as system calls alone](${results}/${name}-peers.svg)

${firstCallsTable(found)}

${machine.cpu}, ${machine.cores} cores; ${machine.kernel}; Node.js ${machine.node}; ${startedAt.slice(0, 10)}. How it was measured, the other tables (beside Wasmtime,
real work, several modules, threads, purges, memory, deadlines) and all figures: [the whole run](${results}/${name}.md). Repeat it: \`npx --yes pnpm@12 bench\`.
`
}

/** @param results the way to the folder of the result files, from where the text will stand */
export function markdownOf(found: BenchResults, name: string, results: string): string {
  const { machine, amounts, startedAt, durationSeconds } = found
  const samples = found.uses.map(({ native }) => native.uses)
  return `![One use, native and pooled: p50, mean and p99 on a logarithmic axis](${results}/${name}.svg)

${usesTable(found)}

One use is: instantiate, call one export, drop the instance (native) or release it (pooled). Both sides by turns in the same
process, ${amounts.rounds} rounds, ${Math.min(...samples).toLocaleString('en')} to ${Math.max(...samples).toLocaleString('en')} uses a side. The mean holds the garbage collector's pauses: native ${pausesOf(found, 'native')},
pooled ${pausesOf(found, 'pooled')}. What garbage a round leaves is collected before the next one, and counted for neither.
Uses before the first round, and the first few of each, are not counted: they make the slot's address space, map the image, fill caches.
"The same imports": a live instance of an earlier use serves again. "New imports": V8 makes an instance on the slot.
The guest that writes has a memory of 10 MiB, of which 1 MiB is data; pages are of 4 KiB. "After one of 1,000": a use that writes to as many pages
comes before, and is not timed. The published modules have imports that do nothing, and one cheap export is called.

${realCallsSection(found, `${results}/${name}-real.svg`)}

${firstCallsSection(found)}

${peersSection(found, `${results}/${name}-peers.svg`)}

${turnsSection(found)}

${threadsSection(found)}

${allocatorTable(found)}

Half of the slots are taken, the others remember 64 modules. \`random\` touches every slot, so it shows the processor's caches.

${purgeSection(found)}

${memorySection(found, `${results}/${name}-memory.svg`)}

${spawnsTable(found)}

How long one \`spawn('/bin/true')\` holds the event loop, ${amounts.spawns} times in a process of its own each. Slots are advised against fork(2)
(\`MADV_DONTFORK\`), as V8's own memories are: without that, the page tables of all written pages would be copied.

${deadlinesTable(found)}

Long work on one instance, with published glue, in an engine without deadlines and in one with \`deadlines: true\`, by turns; "with" has the
checks in its code, and a deadline far away. The mean ratio of all is ${meanRatio(found)}. A guest that spins, with ${found.deadlines.deadlineMs} ms, got its error
${rounded(found.deadlines.lateness.p50)} µs after its time (p50; p99 ${rounded(found.deadlines.lateness.p99)} µs, ${found.deadlines.lateness.uses} stops).

${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB; ${machine.kernel}, huge pages: ${machine.hugePages}; Node.js ${machine.node} (V8 ${machine.v8}). ${startedAt.slice(0, 10)},
${Math.round(durationSeconds)} seconds. All figures: [${name}.json](${results}/${name}.json). Repeat it: \`npx --yes pnpm@12 bench\`.
`
}
