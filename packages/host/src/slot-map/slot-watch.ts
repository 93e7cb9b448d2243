/**
 * Looks at all workers' slots a few times a second while somebody watches, once for all who do; asks nothing while nobody does.
 *
 *     nobody ──join()──► looking ──► published ──pause──► looking ─ ─ ─ last one leaves ──► nobody
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ModuleRegistry } from '../modules/module-registry.ts'
import type { WorkerPool } from '../workers/worker-pool.ts'
import type { WorkerThread } from '../workers/worker-thread.ts'
import { difference, type JsonObject } from './page/merge-patch.ts'
import type { MapModule, SlotMapState } from './page/slot-map-state.ts'
import { WorkerSight } from './worker-sight.ts'

/** Who watches: gets a whole state first, then what has changed, as JSON; never changes without a whole state before. */
export interface Viewer {
  whole(state: string): void
  changes(patch: string): void
  /** Whether it needs a whole state: at first, and after it could not take changes. */
  readonly needsWhole: boolean
}

export interface SlotWatchTimes {
  /** Between two looks, in milliseconds. */
  readonly pauseMs: number
  /** How long workers are waited for in each, in milliseconds; who is later counts as busy. */
  readonly answerWithinMs: number
  /** How often resident bytes are asked for, in milliseconds: the kernel is asked about each slot. */
  readonly residentEveryMs: number
}

const defaultTimes: SlotWatchTimes = { pauseMs: 250, answerWithinMs: 100, residentEveryMs: 1_000 }
/** Asking for resident bytes takes this share of a worker's time at most. */
const residentShare = 0.05

export class SlotWatch {
  readonly #modules: ModuleRegistry
  readonly #workers: WorkerPool
  readonly #times: SlotWatchTimes
  readonly #startedAt = new Date().toISOString()
  readonly #sights = new Map<WorkerThread, WorkerSight>()
  readonly #viewers = new Set<Viewer>()
  /** What was published last; undefined while nobody watches. */
  #published: SlotMapState | undefined
  #stop: AbortController | undefined
  #nextResidentMs = 0

  constructor(modules: ModuleRegistry, workers: WorkerPool, times: SlotWatchTimes = defaultTimes) {
    this.#modules = modules
    this.#workers = workers
    this.#times = times
  }

  get viewers(): number {
    return this.#viewers.size
  }

  /** Watches. @returns call it to leave */
  join(viewer: Viewer): () => void {
    this.#viewers.add(viewer)
    if (this.#published !== undefined) viewer.whole(JSON.stringify(this.#published))
    if (this.#stop === undefined) {
      this.#stop = new AbortController()
      void this.#run(this.#stop.signal)
    }
    return () => this.#leave(viewer)
  }

  /** One look, for whoever asks once. */
  async look(): Promise<SlotMapState> {
    const threads = this.#workers.threads
    for (const thread of this.#sights.keys()) if (!threads.includes(thread)) this.#sights.delete(thread)
    for (const thread of threads)
      if (!this.#sights.has(thread)) this.#sights.set(thread, new WorkerSight(thread))
    const start = performance.now()
    const residentBytes = start >= this.#nextResidentMs
    if (residentBytes) this.#nextResidentMs = start + this.#times.residentEveryMs
    const answers = Promise.all([...this.#sights.values()].map((sight) => sight.ask(residentBytes)))
    await Promise.race([answers, sleep(this.#times.answerWithinMs, undefined, { ref: false })])
    const tookMs = performance.now() - start
    if (residentBytes && tookMs / residentShare > this.#times.residentEveryMs)
      this.#nextResidentMs = start + tookMs / residentShare
    return this.#state()
  }

  #leave(viewer: Viewer): void {
    this.#viewers.delete(viewer)
    if (this.#viewers.size > 0) return
    this.#stop?.abort()
    this.#stop = undefined
    this.#published = undefined
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const state = await this.look()
      if (signal.aborted) return
      this.#publish(state)
      await sleep(this.#times.pauseMs, undefined, { ref: false, signal }).catch(() => undefined)
    }
  }

  /** What all get is written once. */
  #publish(state: SlotMapState): void {
    const patch = this.#published && difference(asJson(this.#published), asJson(state))
    this.#published = state
    let whole: string | undefined
    const changes = patch && JSON.stringify(patch)
    for (const viewer of this.#viewers) {
      if (viewer.needsWhole) viewer.whole((whole ??= JSON.stringify(state)))
      else if (changes !== undefined) viewer.changes(changes)
    }
  }

  #state(): SlotMapState {
    const workers = [...this.#sights].map(([{ number }, sight]) => [number, sight.view()] as const)
    const modules = this.#modules.list().map(({ identity: { uid, name, digest }, state, requests }) => {
      return [uid, { name, digest, state, requests } satisfies MapModule] as const
    })
    return {
      startedAt: this.#startedAt,
      slotsPerWorker: this.#workers.slotsPerWorker,
      workers: Object.fromEntries(workers),
      modules: Object.fromEntries(modules),
    }
  }
}

/** It is made of what JSON has. */
function asJson(state: SlotMapState): JsonObject {
  return state as unknown as JsonObject
}
