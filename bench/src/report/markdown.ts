/** The results as tables: what stands in the READMEs, and in the file beside the JSON. */
import { markdownTable, rounded } from './format.ts'
import type { BenchResults } from './results.ts'
import { firstCallsTable } from './tables/first-calls.ts'
import { memoryTable } from './tables/memory.ts'
import { peersTable } from './tables/peers.ts'
import { threadsTable } from './tables/threads.ts'
import { turnsTable } from './tables/turns.ts'
import { wholeUsesTable } from './tables/whole-uses.ts'

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
      'mean faster by',
    ],
    uses.map(({ title, native, pooled, ratio }) => [
      title,
      ...[native.p50, native.p99, native.mean, pooled.p50, pooled.p99, pooled.mean].map(rounded),
      ...[ratio.p50, ratio.mean].map((factor) => `${rounded(factor)}×`),
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

function purgeTable({ purge }: BenchResults): string {
  return markdownTable(
    [
      'purge of a module from so many slots',
      'µs a slot',
      'longest slice, ms (worst)',
      'longest turn of the event loop, ms (worst)',
      'held before, KiB a slot',
    ],
    purge.map((result) => [
      `${result.slots.toLocaleString('en')}, ${result.title}`,
      rounded(result.perSlotUs),
      ...[result.longestSliceMs, result.longestTurnMs].map(
        ({ median, worst }) => `${rounded(median)} (${rounded(worst)})`,
      ),
      rounded(result.residentBytesPerSlot / 1024),
    ]),
  )
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

![One use in the pool, in Wasmtime, and as system calls alone](${results}/${name}-peers.svg)

${firstCallsTable(found)}

${machine.cpu}, ${machine.cores} cores; ${machine.kernel}; Node.js ${machine.node}; ${startedAt.slice(0, 10)}. How it was measured, the other tables (beside Wasmtime,
several modules, threads, memory, purges, deadlines) and all figures: [the whole run](${results}/${name}.md). Repeat it: \`npx --yes pnpm@12 bench\`.
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
sqlite, esbuild and ruby have imports that do nothing, and one cheap export is called.

![One use in the pool, in Wasmtime, and as system calls alone](${results}/${name}-peers.svg)

${peersTable(found)}

The same guests, instantiated, called and dropped or released, by turns in a process of its own each: Warmslot with live instances, Wasmtime's
pooling allocator with its defaults and with PAGEMAP_SCAN and 16 MiB kept resident (Rust, \`bench/peers/wasmtime\`), and the system calls and
copies alone in C (\`bench/peers/floor\`). The last three columns are ratios of p50, and of mean in brackets: below 1, Warmslot is faster.

${wholeUsesTable(found)}

Published glue, unchanged, with new imports at each use, doing what the demo has it do; ${amounts.wholeUses} uses a side, by turns, every result compared.

${firstCallsTable(found)}

From the start until the script's result is there, the published glue's part included; starts of the three kinds by turns, ${amounts.firstCalls} natively.
From a snapshot (\`engine.snapshot\`): the interpreter is initialised, and with a loaded program that has been read, once. Native modules are compiled before.

${turnsTable(found)}

The growing guest, compiled so many times. "In turn": one module after the other; "skewed": four of five uses are of a fifth of the modules.

${threadsTable(found)}

Each thread has an engine of its own. The native sides keep V8's collector busy in both; a worker thread for each use is started, instantiates the
module that the main thread has compiled, and ends.

${memoryTable(found)}

In a process of its own, from \`/proc/self/smaps_rollup\`, after a collection of garbage. "Shmem" is of the whole machine; the image's 1 MiB is in it, once for
all slots, until the purge.

${allocatorTable(found)}

Half of the slots are taken, the others remember 64 modules. \`random\` touches every slot, so it shows the processor's caches.

${purgeTable(found)}

A purge goes from the call of \`dispose()\` to the receipt, with the kernel's own word in it; medians of ${amounts.purges}, and the worst
in brackets.

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
