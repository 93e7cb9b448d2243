/**
 * Modules' bytes for whoever must not wait for them. What is not here is fetched in the background, and whoever asked is told when that has
 * ended, well or not: then they ask again, and find the bytes or the problem.
 *
 *     read ──► here: bytes
 *        └───► not here: undefined ──► fetched (ModuleSources: shared, two at once) ──► told ──► read
 *
 * Guarantees: what nobody wants any more (`leave`) is ended, or not begun. What was fetched and not taken is dropped after a while, and
 * nothing more is begun while it is much: it never exceeds `mostHeldBytes` and the two that were under way by then. Nothing outlives it.
 *
 * A ConfigMap is no download: it comes from the API server, as all does that a controller reads, and is read while it is asked for.
 */
import { keyOf, type ObjectKey } from '../kubernetes/object.ts'
import { type Clock, systemClock } from '../kubernetes/time/clock.ts'
import type { Module } from '../resource/module.ts'
import { BackgroundFetch } from './background-fetch.ts'
import { HeldBytes } from './held-bytes.ts'
import { ModuleSources, type ModuleSourcesOptions } from './module-source.ts'

export interface BackgroundSourcesOptions extends ModuleSourcesOptions {
  /** The bytes of the Module with this key are here, or why not: whoever wants them asks again. It must only enqueue. */
  readonly told: (key: ObjectKey) => void
  /** The longest pause after a failure, in milliseconds. */
  readonly retryMs: number
  /** How long bytes are held for somebody to take them, in milliseconds: longer than a host may take to load a module. @default 300_000 */
  readonly holdMs?: number
  /** While so much is held, in bytes, nothing more is begun. @default 33_554_432 (32 MiB) */
  readonly mostHeldBytes?: number
  /** @default the system's */
  readonly clock?: Clock
  /** From 0 up to 1. @default Math.random */
  readonly random?: () => number
}

interface Wanted {
  /** Of the Module: another one may have its name. */
  readonly uid: string | undefined
  readonly fetch: BackgroundFetch
}

export class BackgroundSources implements AsyncDisposable {
  readonly #options: BackgroundSourcesOptions
  readonly #sources: ModuleSources
  /** By the Module's key. */
  readonly #wanted = new Map<ObjectKey, Wanted>()
  readonly #held = new HeldBytes()
  #isEnded = false

  constructor(options: BackgroundSourcesOptions) {
    this.#options = options
    const { mostHeldBytes = 32 * 2 ** 20 } = options
    this.#sources = new ModuleSources({ ...options, mayBegin: () => this.#held.total < mostHeldBytes })
  }

  /** @returns at once; undefined: they are not here yet @throws SourceError; the signal's reason */
  async read(module: Module, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    // Nothing is begun for a Module that was left while it was worked on: see `leave`.
    signal?.throwIfAborted()
    if (module.spec.source.configMap) return await this.#sources.read(module, signal)
    const key = keyOf(module)
    const { uid } = module.metadata
    if (this.#wanted.get(key)?.uid !== uid) this.leave(key)
    const fetch = this.#wanted.get(key)?.fetch
    const bytes = this.#sources.kept(module) ?? fetch?.bytes
    if (bytes !== undefined) {
      this.leave(key)
      return bytes
    }
    if (fetch?.problem !== undefined) throw fetch.problem.error
    if (fetch === undefined && !this.#isEnded) this.#wanted.set(key, { uid, fetch: this.#begin(key, module) })
    return undefined
  }

  /** The Module with this key wants no bytes now, or is deleted. What is under way for it must have its signal aborted before. */
  leave(key: ObjectKey): void {
    const fetch = this.#wanted.get(key)?.fetch
    if (fetch === undefined) return
    this.#wanted.delete(key)
    void fetch.end()
    if (fetch.bytes === undefined) return
    this.#held.letGo(fetch.bytes)
    this.#sources.goOn()
  }

  /** Ends all that is under way. Nothing is begun any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnded = true
    const ends = [...this.#wanted.values()].map(({ fetch }) => fetch.end())
    for (const key of this.#wanted.keys()) this.leave(key)
    await Promise.all(ends)
    await this.#sources[Symbol.asyncDispose]()
  }

  #begin(key: ObjectKey, module: Module): BackgroundFetch {
    const { told, retryMs, holdMs = 300_000, clock = systemClock, random = Math.random } = this.#options
    const fetch = new BackgroundFetch({
      fetch: (signal) => this.#sources.read(module, signal),
      backOff: { initialMs: Math.min(500, retryMs), maxMs: retryMs, factor: 2, jitter: 0.3 },
      holdMs,
      clock,
      random,
      told: () => {
        if (fetch.bytes !== undefined) this.#held.hold(fetch.bytes)
        told(key)
      },
      overdue: () => this.leave(key),
    })
    return fetch
  }
}
