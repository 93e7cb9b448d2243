/**
 * Callers that wait for slots: strictly first come, first served. Whoever needs two slots is not overtaken by somebody
 * who needs one, so nobody starves; a deadline, an abort, the module's purge or the pool's closing ends a wait early.
 */

import type { Lease } from './lease.ts'
import type { ModuleMemory, ModuleRecord } from './records.ts'
import { WaitTimeoutError } from './errors/wait-timeout-error.ts'
import type { PoolModule } from './pool-module.ts'

export interface Waiter {
  readonly module: PoolModule
  readonly record: ModuleRecord
  readonly wanted: readonly ModuleMemory[]
  readonly resolve: (lease: Lease) => void
  readonly reject: (reason: unknown) => void
}

interface Entry extends Waiter {
  end: () => void
}

/** Tries to serve the first one: a lease, or undefined where it must go on waiting. What it throws ends that wait. */
export type Serve = (waiter: Waiter) => Lease | undefined

export class WaitingLine {
  readonly #entries = new Set<Entry>()
  readonly #serve: Serve
  readonly #slots: number
  #serving = false

  constructor(serve: Serve, slots: number) {
    this.#serve = serve
    this.#slots = slots
  }

  get length(): number {
    return this.#entries.size
  }

  /** Joins the end of the line. The wait ends by itself: the timer holds the process until the deadline, no longer. */
  join(waiter: Waiter, waitMs: number, signal: AbortSignal | undefined): void {
    const timer = setTimeout(() => {
      waiter.record.counters.timeouts += 1
      this.#leave(entry, new WaitTimeoutError(waitMs, this.#aheadOf(entry), this.#slots))
    }, waitMs)
    const onAbort = (): void => this.#leave(entry, signal?.reason)
    const end = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
    const entry: Entry = { ...waiter, end }
    signal?.addEventListener('abort', onAbort)
    this.#entries.add(entry)
  }

  /** Serves as many as can be served, from the front. Called whenever slots came back or the line got shorter. */
  advance(): void {
    if (this.#serving) return
    this.#serving = true
    try {
      for (const entry of this.#entries) if (!this.#serveOne(entry)) break
    } finally {
      this.#serving = false
    }
  }

  /** Ends all waits, or those for one module. */
  dismiss(reason: (waiter: Waiter) => unknown, record?: ModuleRecord): void {
    for (const entry of this.#entries) {
      if (record === undefined || entry.record === record) this.#remove(entry).reject(reason(entry))
    }
  }

  #serveOne(entry: Entry): boolean {
    let lease: Lease | undefined
    try {
      lease = this.#serve(entry)
    } catch (error) {
      this.#remove(entry).reject(error)
      return true
    }
    if (lease === undefined) return false
    this.#remove(entry).resolve(lease)
    return true
  }

  #leave(entry: Entry, reason: unknown): void {
    this.#remove(entry).reject(reason)
    this.advance()
  }

  #remove(entry: Entry): Entry {
    this.#entries.delete(entry)
    entry.end()
    return entry
  }

  #aheadOf(entry: Entry): number {
    let ahead = 0
    for (const other of this.#entries) {
      if (other === entry) break
      ahead += 1
    }
    return ahead
  }
}
