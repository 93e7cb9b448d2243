/** What the command line can ask of the bench. */
import { parseArgs } from 'node:util'

const repository = `${import.meta.dirname}/../..`

/** How often everything is done. */
export interface Amounts {
  /** Rounds of native and pooled by turns, for each case. */
  readonly rounds: number
  /** Uses of a small guest in one round, on each side. */
  readonly usesOfGuest: number
  /** Uses of a real module in one round, on each side. */
  readonly usesOfRealModule: number
  /** Which of the demo's modules. */
  readonly realModules: readonly ('sqlite' | 'esbuild' | 'ruby')[]
  /** Capacities of the index allocator, in slots. */
  readonly capacities: readonly number[]
  /** Pairs of allocate and free in one round, for each capacity and strategy. */
  readonly allocatorPairs: number
  /** The demo's modules that do their work, and how often on each side. */
  readonly wholeModules: readonly string[]
  readonly wholeUses: number
  /** Interpreters whose first calls are timed, and how often each is started natively. */
  readonly interpreters: readonly string[]
  readonly firstCalls: number
  /** How many modules share a pool, and timed uses of each combination. */
  readonly moduleCounts: readonly number[]
  readonly usesOfTurns: number
  /** How long threads do uses, in milliseconds, and how many workers serve one use each. */
  readonly threadMs: number
  readonly workersForOneUse: number
  /** Slots of the process whose memory is looked at. */
  readonly memorySlots: number
  /** Slots that purges clear, ascending. */
  readonly purgedSlots: readonly number[]
  /** Purges for each state of the slots. */
  readonly purges: number
  /** Instances that a process has while it starts children. */
  readonly spawnSlots: number
  /** Children that it starts. */
  readonly spawns: number
  /** Rounds with the peers by turns, and uses of each in one. */
  readonly peerRounds: number
  readonly peerUses: number
  /** Whose long work is timed with and without deadlines. */
  readonly deadlineModules: readonly string[]
  /** How long that of each is timed, in milliseconds; and as long before. */
  readonly deadlineTurnsMs: number
  /** How often a guest that spins is stopped. */
  readonly stops: number
}

export interface BenchOptions {
  readonly amounts: Amounts
  /** Whether to build Wasmtime's side. */
  readonly buildPeers: boolean
  /** Folder of the results. */
  readonly folder: string
  /** Name of the result files, without their endings. */
  readonly name: string
  /** READMEs whose section between the markers is rewritten, with the way from there to the results' folder; whole, or a summary. */
  readonly readmes: readonly { readonly file: string; readonly results: string; readonly whole: boolean }[]
}

const full: Amounts = {
  rounds: 10,
  usesOfGuest: 200,
  usesOfRealModule: 30,
  realModules: ['sqlite', 'esbuild', 'ruby'],
  capacities: [100, 1_000, 10_000, 100_000, 1_000_000],
  allocatorPairs: 100_000,
  wholeModules: ['as-sha256', 'typstyle', 'ruff', 'sh-syntax', 'quickjs', 'sqlite', 'esbuild', 'ruby'],
  wholeUses: 30,
  interpreters: ['quickjs', 'ruby'],
  firstCalls: 40,
  moduleCounts: [1, 10, 1_000],
  usesOfTurns: 5_000,
  threadMs: 3_000,
  workersForOneUse: 50,
  memorySlots: 1_000,
  purgedSlots: [10, 100, 1_000, 10_000],
  purges: 5,
  spawnSlots: 1_000,
  spawns: 200,
  peerRounds: 10,
  peerUses: 1_000,
  deadlineModules: ['as-sha256', 'typstyle', 'quickjs', 'sqlite', 'ruff', 'ruby'],
  deadlineTurnsMs: 8_000,
  stops: 500,
}

/** To see that it runs through; its figures mean nothing. */
const quick: Amounts = {
  rounds: 2,
  usesOfGuest: 5,
  usesOfRealModule: 2,
  realModules: ['sqlite'],
  capacities: [100, 1_000],
  allocatorPairs: 100,
  wholeModules: ['as-sha256'],
  wholeUses: 2,
  interpreters: ['quickjs'],
  firstCalls: 2,
  moduleCounts: [1, 3],
  usesOfTurns: 20,
  threadMs: 20,
  workersForOneUse: 1,
  memorySlots: 5,
  purgedSlots: [3, 10, 12],
  purges: 1,
  spawnSlots: 10,
  spawns: 2,
  peerRounds: 2,
  peerUses: 10,
  deadlineModules: ['as-sha256'],
  deadlineTurnsMs: 20,
  stops: 3,
}

/**
 * Reads the command line: `--write` for the measurements that the repository keeps, in docs/measurements and the READMEs;
 * else the results go to bench/results, or `--out`. `--name` names the files, `--quick` only tries everything once,
 * `--peers` builds Wasmtime's side with cargo where it is not there yet.
 * @throws TypeError for options that there are not
 */
export function readOptions(words: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    // pnpm and turbo may pass on the `--` that separates their own options from ours.
    args: words.filter((word) => word !== '--'),
    options: {
      write: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      peers: { type: 'boolean', default: false },
      out: { type: 'string' },
      name: { type: 'string', default: 'bench' },
    },
  })
  if (values.write && values.quick) throw new TypeError('--write is for full runs, so not with --quick')
  const kept = `${repository}/docs/measurements`
  return {
    amounts: values.quick ? quick : full,
    buildPeers: values.peers,
    folder: values.out ?? (values.write ? kept : `${repository}/bench/results`),
    name: values.name,
    readmes: values.write
      ? [
          { file: `${repository}/README.md`, results: 'docs/measurements', whole: false },
          { file: `${repository}/bench/README.md`, results: '../docs/measurements', whole: true },
        ]
      : [],
  }
}
