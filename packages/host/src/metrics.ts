/** Prometheus metrics, by module and of the pools: counted as it happens, or asked of the workers when they are read. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { numbersOf, type PoolNumbers } from './workers/pool-numbers.ts'
import type { WorkerPool } from './workers/worker-pool.ts'

const prefix = 'warmslot_host_'
/** In seconds: a request takes from a tenth of a millisecond to its time limit. */
const durationBuckets = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30]

/** The modules that there are. */
export interface CountedModules {
  list(): readonly { readonly state: string }[]
}

export class HostMetrics {
  readonly #registry = new Registry()
  readonly requests: Counter<'server' | 'route' | 'method' | 'status'>
  readonly #guestRuns: Counter<'module' | 'outcome'>
  readonly #guestSeconds: Histogram<'module'>
  /** With which the modules' guests have ended, by name. */
  readonly #outcomes = new Map<string, Set<string>>()
  readonly workersReplaced: Counter
  readonly purges: Counter<'complete'>
  readonly purgeSeconds: Histogram
  readonly unaccountedMappings: Gauge

  constructor() {
    const registers = [this.#registry]
    collectDefaultMetrics({ register: this.#registry })
    this.requests = new Counter({
      name: `${prefix}http_requests_total`,
      help: 'HTTP requests, by port, route and status.',
      labelNames: ['server', 'route', 'method', 'status'],
      registers,
    })
    this.#guestRuns = new Counter({
      name: `${prefix}guest_runs_total`,
      help: 'Guests that were run, by module and outcome: ok, or the code of the error.',
      labelNames: ['module', 'outcome'],
      registers,
    })
    this.#guestSeconds = new Histogram({
      name: `${prefix}guest_duration_seconds`,
      help: 'From the request to the answer of the worker, waiting included.',
      labelNames: ['module'],
      buckets: durationBuckets,
      registers,
    })
    this.workersReplaced = new Counter({
      name: `${prefix}workers_replaced_total`,
      help: 'Worker threads that ended or had to be ended.',
      registers,
    })
    this.purges = new Counter({
      name: `${prefix}purges_total`,
      help: 'Modules purged, proved by the kernel.',
      labelNames: ['complete'],
      registers,
    })
    this.purgeSeconds = new Histogram({
      name: `${prefix}purge_duration_seconds`,
      help: 'From the request to the proof.',
      buckets: durationBuckets,
      registers,
    })
    this.unaccountedMappings = new Gauge({
      name: `${prefix}unaccounted_mappings`,
      help: 'Mappings of images in this process that no live worker accounts for, when a worker was replaced last.',
      registers,
    })
  }

  /** A guest has ended. @param outcome `ok`, or the code of the error @param durationMs with the wait for a worker */
  guestEnded(module: string, outcome: string, durationMs: number): void {
    const outcomes = this.#outcomes.get(module)
    if (outcomes === undefined) this.#outcomes.set(module, new Set([outcome]))
    else outcomes.add(outcome)
    this.#guestRuns.inc({ module, outcome })
    this.#guestSeconds.observe({ module }, durationMs / 1000)
  }

  /** No module has this name any more: names that come and go would add up. */
  forget(module: string): void {
    for (const outcome of this.#outcomes.get(module) ?? []) this.#guestRuns.remove({ module, outcome })
    this.#outcomes.delete(module)
    this.#guestSeconds.remove({ module })
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  read(): Promise<string> {
    return this.#registry.metrics()
  }

  /** Gauges that are asked for when they are read. */
  watch(modules: CountedModules, workers: WorkerPool): void {
    this.#gauge('requests_waiting', 'Requests that wait for a worker.', [], (gauge) =>
      gauge.set(workers.waiting),
    )
    this.#gauge('workers', 'Worker threads, by what they do.', ['state'], (gauge) => {
      const { threads } = workers
      const busy = threads.filter((thread) => workers.isBusy(thread)).length
      gauge.set({ state: 'busy' }, busy)
      gauge.set({ state: 'free' }, threads.length - busy)
    })
    this.#gauge('modules', 'Modules, by state.', ['state'], (gauge) => {
      gauge.reset()
      for (const { state } of modules.list()) gauge.inc({ state })
    })
    // Both are of one answer of each worker.
    let asked: Promise<PoolNumbers[]> | undefined
    const ask = (): Promise<PoolNumbers[]> => {
      asked ??= numbersOf(workers).finally(() => (asked = undefined))
      return asked
    }
    this.#gauge('slots', "Slots of each worker's pool, by state.", ['worker', 'state'], async (gauge) => {
      const numbers = await ask()
      gauge.reset()
      for (const { worker, slots } of numbers)
        for (const [state, count] of Object.entries(slots)) gauge.set({ worker, state }, count)
    })
    const made = 'Instances since the worker started, by how they were made.'
    this.#gauge('instances', made, ['worker', 'kind'], async (gauge) => {
      const numbers = await ask()
      gauge.reset()
      for (const { worker, instances } of numbers)
        for (const [kind, count] of Object.entries(instances)) gauge.set({ worker, kind }, count)
    })
  }

  #gauge(
    name: string,
    help: string,
    labelNames: string[],
    collect: (gauge: Gauge<string>) => void | Promise<void>,
  ): void {
    // oxlint-disable-next-line no-new -- the registry keeps it
    new Gauge({
      name: `${prefix}${name}`,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        return collect(this)
      },
    })
  }
}
