/**
 * The bench: pooled uses beside native ones and the peers, purges, memory, strategies, threads, deadlines, in one run. See README.md.
 *
 *     node --expose-gc src/main.ts [--write | --out FOLDER] [--name NAME] [--quick] [--peers]
 */
import { measureFirstCalls } from './first-calls/measure-first-calls.ts'
import { machineFacts } from './machine.ts'
import { measureAllocator } from './measure-allocator.ts'
import { measureDeadlines } from './measure-deadlines.ts'
import { measureSpawns } from './measure-spawns.ts'
import { readOptions } from './options.ts'
import { measureMemory } from './memory/measure-memory.ts'
import { measurePeers } from './peers/measure-peers.ts'
import { PeerPrograms } from './peers/programs.ts'
import { progress } from './progress.ts'
import { measurePurge } from './purge/measure-purge.ts'
import { measureRealCalls } from './real-calls/measure-real-calls.ts'
import { rounded } from './report/format.ts'
import { markdownOf } from './report/markdown.ts'
import { writeResults } from './report/write-results.ts'
import { measureThreads } from './threads/measure-threads.ts'
import { measureTurns } from './turns/measure-turns.ts'
import { guestCases } from './uses/guest-cases.ts'
import { measureUses, type UseResult } from './uses/measure-uses.ts'
import { realModuleCases } from './uses/real-module-cases.ts'

const options = readOptions(process.argv.slice(2))
const { amounts } = options
const startedAt = new Date()
const machine = machineFacts()

progress('allocate and free')
const allocator = measureAllocator(amounts.capacities, amounts.allocatorPairs, amounts.rounds)

progress('the pool beside its peers')
using programs = new PeerPrograms(options.buildPeers)
const peers = await measurePeers(programs, amounts.peerRounds, amounts.peerUses)

progress('modules in turn under each strategy')
const turns = await measureTurns(amounts.turnScenarios, programs, amounts.rounds, amounts.turnUses)

progress('one thread and two')
const threads = await measureThreads(amounts.threadWorks, programs, amounts.peerRounds, amounts.peerUses)

progress('native and pooled uses')
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

progress('real modules doing real work')
const realCalls = await measureRealCalls(amounts.realModules, amounts.rounds, amounts.realCalls)

progress('first calls of interpreters')
const firstCalls = await measureFirstCalls(amounts.interpreters, amounts.firstCalls)

progress('purges')
const purge = measurePurge(amounts.purgedSlots, amounts.purges)

progress(`memory of ${amounts.memorySlots} instances`)
const memory = measureMemory(amounts.memorySlots)

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
  realCalls,
  firstCalls,
  peers,
  turns,
  threads,
  allocator,
  purge,
  memory,
  spawns,
  deadlines,
} as const

await writeResults(results, options)
console.log(markdownOf(results, options.name, options.folder))
progress(`written to ${options.folder}: ${options.name}.json, .md, and pictures`)
