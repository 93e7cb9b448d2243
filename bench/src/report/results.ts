/** What one run of the bench found: the JSON file. */
import type { AllocatorResult } from '../measure-allocator.ts'
import type { DeadlineResults } from '../measure-deadlines.ts'
import type { MachineFacts } from '../machine.ts'
import type { FirstCallResult } from '../measure-first-calls.ts'
import type { MemoryResult } from '../measure-memory.ts'
import type { ThreadResult } from '../measure-threads.ts'
import type { TurnResult } from '../measure-turns.ts'
import type { PeerResult } from '../peers/measure-peers.ts'
import type { PurgeResult } from '../measure-purge.ts'
import type { SpawnResult } from '../measure-spawns.ts'
import type { Amounts } from '../options.ts'
import type { WholeUseResult } from '../measure-whole-uses.ts'
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
  readonly peers: readonly PeerResult[]
  readonly wholeUses: readonly WholeUseResult[]
  readonly firstCalls: readonly FirstCallResult[]
  readonly turns: readonly TurnResult[]
  readonly threads: readonly ThreadResult[]
  readonly memory: MemoryResult
  readonly allocator: readonly AllocatorResult[]
  readonly purge: readonly PurgeResult[]
  readonly spawns: readonly SpawnResult[]
  readonly deadlines: DeadlineResults
}
