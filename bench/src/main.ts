/**
 * The bench: native against pooled uses, Wasmtime, snapshots, strategies, threads, memory, the index allocator, the purge, the deadlines, in one run of some eight minutes. See README.md.
 *
 *     node --expose-gc src/main.ts [--write | --out FOLDER] [--name NAME] [--quick] [--peers]
 */
import { machineFacts } from './machine.ts'
import { measureAllocator } from './measure-allocator.ts'
import { measureDeadlines } from './measure-deadlines.ts'
import { measureFirstCalls } from './measure-first-calls.ts'
import { measureMemory } from './measure-memory.ts'
import { measurePurges } from './measure-purge.ts'
import { measureSpawns } from './measure-spawns.ts'
import { measureThreads } from './measure-threads.ts'
import { measureTurns } from './measure-turns.ts'
import { measureWholeUses } from './measure-whole-uses.ts'
import { readOptions } from './options.ts'
import { measurePeers } from './peers/measure-peers.ts'
import { progress } from './progress.ts'
import { rounded } from './report/format.ts'
import { markdownOf } from './report/markdown.ts'
import { writeResults } from './report/write-results.ts'
import { guestCases } from './uses/guest-cases.ts'
import { measureUses, type UseResult } from './uses/measure-uses.ts'
import { realModuleCases } from './uses/real-module-cases.ts'

const options = readOptions(process.argv.slice(2))
const { amounts } = options
const startedAt = new Date()
const machine = machineFacts()

progress('allocate and free')
const allocator = measureAllocator(amounts.capacities, amounts.allocatorPairs, amounts.rounds)

progress('the pool beside Wasmtime and the floor')
const peers = await measurePeers(amounts.peerRounds, amounts.peerUses, options.buildPeers)

const uses: UseResult[] = []
for (const useCase of [...guestCases(amounts.usesOfGuest), ...realModuleCases(amounts)]) {
  const result = await measureUses(useCase, amounts.rounds)
  uses.push(result)
  const { native, pooled, ratio } = result
  progress(
    `${result.title}: native ${rounded(native.p50)} µs (mean ${rounded(native.mean)}), ` +
      `pooled ${rounded(pooled.p50)} µs (mean ${rounded(pooled.mean)}): ${rounded(ratio.p50)} times (${rounded(ratio.mean)})`,
  )
}

progress('whole uses of published modules')
const wholeUses = await measureWholeUses(amounts.wholeModules, amounts.wholeUses)
progress('first calls of interpreters')
const firstCalls = await measureFirstCalls(amounts.interpreters, amounts.firstCalls)
progress('several modules on one pool')
const turns = await measureTurns(amounts.moduleCounts, amounts.usesOfTurns)
progress('threads')
const threads = await measureThreads(amounts.threadMs, amounts.workersForOneUse)
progress('memory')
const memory = measureMemory(amounts.memorySlots, 100)

progress(`purges of ${amounts.purgedSlots.join(', ')} slots`)
const purge = await measurePurges(amounts.purgedSlots, amounts.purges)

progress(`starting children beside ${amounts.spawnSlots} instances`)
const spawns = measureSpawns(amounts.spawnSlots, amounts.spawns)
progress('deadlines: their cost, and how late they come')
const deadlines = await measureDeadlines(amounts.deadlineModules, amounts.deadlineTurnsMs, amounts.stops)

const results = {
  version: 2,
  startedAt: startedAt.toISOString(),
  durationSeconds: (Date.now() - startedAt.getTime()) / 1000,
  machine,
  amounts,
  units: { uses: 'microseconds', pauses: 'milliseconds' },
  uses,
  peers,
  wholeUses,
  firstCalls,
  turns,
  threads,
  memory,
  allocator,
  purge,
  spawns,
  deadlines,
} as const

await writeResults(results, options)
console.log(markdownOf(results, options.name, options.folder))
progress(`written to ${options.folder}/${options.name}.{json,md,svg}`)
