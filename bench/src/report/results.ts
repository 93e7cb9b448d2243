/** What one run of the bench found: the JSON file. */
import type { AllocatorResult } from '../measure-allocator.ts'
import type { DeadlineResults } from '../measure-deadlines.ts'
import type { FirstCallResult } from '../first-calls/measure-first-calls.ts'
import type { MachineFacts } from '../machine.ts'
import type { MemoryResults } from '../memory/measure-memory.ts'
import type { PeerResult } from '../peers/measure-peers.ts'
import type { PurgeOutcome } from '../purge/measure-purge.ts'
import type { SpawnResult } from '../measure-spawns.ts'
import type { Amounts } from '../amounts.ts'
import type { RealCallResult } from '../real-calls/measure-real-calls.ts'
import type { ThreadResult } from '../threads/measure-threads.ts'
import type { TurnResult } from '../turns/measure-turns.ts'
import type { UseResult } from '../uses/measure-uses.ts'

export interface BenchResults {
  /** Of this file's format. */
  readonly version: 2
  readonly startedAt: string
  readonly durationSeconds: number
  readonly machine: MachineFacts
  readonly amounts: Amounts
  readonly units: { readonly uses: 'microseconds'; readonly pauses: 'milliseconds' }
  readonly uses: readonly UseResult[]
  readonly realCalls: readonly RealCallResult[]
  readonly firstCalls: readonly FirstCallResult[]
  readonly peers: readonly PeerResult[]
  readonly turns: readonly TurnResult[]
  readonly threads: readonly ThreadResult[]
  readonly allocator: readonly AllocatorResult[]
  readonly purge: PurgeOutcome
  readonly memory: MemoryResults
  readonly spawns: readonly SpawnResult[]
  readonly deadlines: DeadlineResults
}
