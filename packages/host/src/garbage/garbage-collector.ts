/**
 * Lets what V8 keeps of purged modules go: their code, and what handled their requests. Slots and images need none of this; they are
 * gone when a purge says so.
 *
 *     clean ──purged()──► due ──a quiet second, or a minute without one──► collecting ──► clean
 *
 * Each thread stands still meanwhile, so it is done in a moment without work where there is one, and else seldom.
 */
export interface GarbageCollectorOptions {
  /** Has every thread collect. It may fail: then it is tried again when the next module is purged. */
  readonly collect: () => Promise<unknown>
  /** A number that changes with every request that begins or ends. */
  readonly activity: () => number
}

/** How long nothing may have happened, in milliseconds. */
export const quietMs = 1_000
/** How long a collection is put off at most, in milliseconds. */
export const longestDelayMs = 60_000

export class GarbageCollector implements Disposable {
  readonly #options: GarbageCollectorOptions
  #timer: NodeJS.Timeout | undefined
  /** When a module was purged first since the last collection; undefined: none was. */
  #dueSince: number | undefined
  #seen = 0
  #disposed = false

  constructor(options: GarbageCollectorOptions) {
    this.#options = options
  }

  /** A module was purged. */
  purged(): void {
    if (this.#dueSince !== undefined || this.#disposed) return
    this.#dueSince = performance.now()
    this.#wait()
  }

  [Symbol.dispose](): void {
    this.#disposed = true
    clearTimeout(this.#timer)
  }

  #wait(): void {
    this.#seen = this.#options.activity()
    this.#timer = setTimeout(() => this.#look(), quietMs)
    this.#timer.unref()
  }

  #look(): void {
    const quiet = this.#options.activity() === this.#seen
    if (!quiet && performance.now() - this.#dueSince! < longestDelayMs) return this.#wait()
    this.#dueSince = undefined
    this.#options.collect().catch(() => undefined)
  }
}
