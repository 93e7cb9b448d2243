/** How often everything is done: in full, and to see that it runs. */
import type { RealModuleName } from './real-calls/real-modules.ts'
import type { TurnScenario } from './turns/measure-turns.ts'

export interface Amounts {
  /** Rounds of native and pooled by turns, for each case. */
  readonly rounds: number
  /** Uses of a small guest in one round, on each side. */
  readonly usesOfGuest: number
  /** Uses of a real module in one round, on each side. */
  readonly usesOfRealModule: number
  /** Which of the demo's modules. */
  readonly realModules: readonly RealModuleName[]
  /** Uses of each with its glue, in one round, on each side. */
  readonly realCalls: number
  /** Interpreters whose first calls are timed, and how often each is started natively. */
  readonly interpreters: readonly string[]
  readonly firstCalls: number
  /** Capacities of the index allocator, in slots. */
  readonly capacities: readonly number[]
  /** Pairs of allocate and free in one round, for each capacity and strategy. */
  readonly allocatorPairs: number
  /** Modules that are used in turn, and on how many slots. */
  readonly turnScenarios: readonly TurnScenario[]
  /** Uses of each strategy in one of `rounds`, or one of each module if those are more. */
  readonly turnUses: number
  /** Slots that purges clear. */
  readonly purgedSlots: readonly number[]
  /** Purges for each state of the slots; half as many of more than 1,000. */
  readonly purges: number
  /** Instances that a process has while it starts children. */
  readonly spawnSlots: number
  /** Children that it starts. */
  readonly spawns: number
  /** Instances whose memory is looked at. */
  readonly memorySlots: number
  /** Rounds with the peers by turns, and uses of each in one. */
  readonly peerRounds: number
  readonly peerUses: number
  /** Names of the guests' works that are done on one thread and on two, with rounds and uses as with the peers. */
  readonly threadWorks: readonly string[]
  /** Whose long work is timed with and without deadlines. */
  readonly deadlineModules: readonly string[]
  /** How long that of each is timed, in milliseconds; and as long before. */
  readonly deadlineTurnsMs: number
  /** How often a guest that spins is stopped. */
  readonly stops: number
}

/** For figures worth keeping: ten to fifteen minutes. */
export const full: Amounts = {
  rounds: 10,
  usesOfGuest: 200,
  usesOfRealModule: 30,
  realModules: ['resvg', 'quickjs', 'sqlite', 'esbuild', 'swc', 'biome', 'ruby'],
  realCalls: 4,
  interpreters: ['quickjs', 'ruby'],
  firstCalls: 40,
  capacities: [100, 1_000, 10_000, 100_000, 1_000_000],
  allocatorPairs: 100_000,
  turnScenarios: [
    { modules: 1, slots: 100 },
    { modules: 10, slots: 100 },
    { modules: 1_000, slots: 100 },
    { modules: 1_000, slots: 1_000 },
  ],
  turnUses: 1_000,
  purgedSlots: [10, 100, 1_000, 10_000],
  purges: 5,
  spawnSlots: 1_000,
  spawns: 200,
  memorySlots: 1_000,
  peerRounds: 10,
  peerUses: 1_000,
  threadWorks: ['grow-17', 'ten-mebibyte-1', 'ten-mebibyte-100-adjoining'],
  deadlineModules: ['as-sha256', 'typstyle', 'quickjs', 'sqlite', 'ruff', 'ruby'],
  deadlineTurnsMs: 8_000,
  stops: 500,
}

/** To see that it runs through; its figures mean nothing. */
export const quick: Amounts = {
  rounds: 2,
  usesOfGuest: 5,
  usesOfRealModule: 2,
  realModules: ['resvg', 'sqlite'],
  realCalls: 1,
  interpreters: ['quickjs'],
  firstCalls: 2,
  capacities: [100, 1_000],
  allocatorPairs: 100,
  turnScenarios: [
    { modules: 1, slots: 4 },
    { modules: 3, slots: 4 },
    { modules: 8, slots: 4 },
  ],
  turnUses: 10,
  purgedSlots: [10],
  purges: 1,
  spawnSlots: 10,
  spawns: 2,
  memorySlots: 10,
  peerRounds: 2,
  peerUses: 10,
  threadWorks: ['ten-mebibyte-1'],
  deadlineModules: ['as-sha256'],
  deadlineTurnsMs: 20,
  stops: 3,
}
