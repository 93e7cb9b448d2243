/**
 * Election of one leader among processes, by a Lease.
 *
 *     waiting ──lease free, or its holder silent──► leading ──► lease released
 *                                                     └──not renewed in time──► LeadershipLostError
 *
 * Guarantees: no two lead at once, as long as their monotonic clocks run about as fast. Who waits counts from when it saw the record
 * change last, by its own monotonic clock; wall clocks are written for people only. Who leads counts from when it sent its last renewal:
 * `isLeader` is false afterwards even when the process was stopped and no timer could run. Each write is for the version that was read.
 *
 * Assumptions: the identity is this process' alone; the clock runs while the process is stopped. While a whole machine is suspended, it
 * stands still (Linux): on machines that are suspended, the lease proves nothing.
 *
 * Errors: LeadershipLostError, what `lead` throws, InvalidOptionError. Failed requests go to `onError` and are tried again.
 */
import type { RequestLimits } from './cluster/api-request.ts'
import { InvalidOptionError } from './errors/invalid-option-error.ts'
import { KubernetesApiError } from './errors/kubernetes-api-error.ts'
import { LeadershipLostError } from './errors/leadership-lost-error.ts'
import {
  type LeaderElectorOptions,
  resolveLeaderElectorOptions,
  type ResolvedLeaderElectorOptions,
  retryJitter,
} from './leader/leader-elector-options.ts'
import { acquired, holderOf, released, renewed } from './leader/lease.ts'
import { LeaseRecord } from './leader/lease-record.ts'
import { wait } from './time/clock.ts'

export interface LeaderRun {
  /** Aborted: lead no more, and release the lease when `lead` has ended. */
  readonly signal: AbortSignal
  /** What the leader does. Its signal is aborted when it must stop: orderly, or at once with a LeadershipLostError as the reason. */
  readonly lead: (signal: AbortSignal) => Promise<void>
}

/** How often a release is tried. */
const releaseAttempts = 3

export class LeaderElector {
  readonly #options: ResolvedLeaderElectorOptions
  readonly #record: LeaseRecord
  #isRunning = false
  #isLeading = false
  #leadingUntilMs = 0
  /** @throws InvalidOptionError */
  constructor(options: LeaderElectorOptions) {
    this.#options = resolveLeaderElectorOptions(options)
    this.#record = new LeaseRecord(this.#options)
  }

  get identity(): string {
    return this.#options.identity
  }

  /** Who held the lease when it was seen last; undefined: nobody, or not known. */
  get holder(): string | undefined {
    return this.#record.holder
  }

  /** Whether this process leads, by the clock, now. Ask it right before what only a leader may do. */
  isLeader(): boolean {
    return this.#isLeading && this.#options.clock.now() < this.#leadingUntilMs
  }

  /**
   * Waits for the lease, then leads until `lead` ends or the signal is aborted. A lost lease rejects at once: what `lead` still does is
   * not waited for, so the process should end. @throws LeadershipLostError @throws what `lead` throws
   */
  async run({ signal, lead }: LeaderRun): Promise<void> {
    if (this.#isRunning)
      throw new InvalidOptionError('run', 'called when no other run is under way', 'running')
    this.#isRunning = true
    try {
      const hasLease = await this.#acquire(signal)
      if (hasLease && !signal.aborted) await this.#lead(signal, lead)
      else if (hasLease) await this.#resign()
    } finally {
      this.#isRunning = false
    }
  }

  async #acquire(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      try {
        // Not to be cut by the signal: whether the lease was taken must be known.
        if (await this.#tryAcquire()) return true
      } catch (error) {
        this.#report(error)
      }
      await wait(this.#options.clock, this.#pauseMs(), signal)
    }
    return false
  }

  async #tryAcquire(): Promise<boolean> {
    const { clock, identity, leaseDurationMs, renewDeadlineMs } = this.#options
    const lease = await this.#record.read(this.#limits())
    const holder = holderOf(lease)
    const isOwn = holder === identity && this.#record.hasWritten
    if (holder !== undefined && !isOwn && !this.#record.isSilent) return false
    const sentMs = clock.now()
    await this.#record.write(
      lease,
      acquired(lease?.spec, identity, leaseDurationMs, clock.date()),
      this.#limits(),
    )
    this.#leadingUntilMs = sentMs + renewDeadlineMs
    this.#isLeading = clock.now() < this.#leadingUntilMs
    return this.#isLeading
  }

  async #lead(signal: AbortSignal, lead: LeaderRun['lead']): Promise<void> {
    const term = new AbortController()
    const done = new AbortController()
    const lost = Promise.withResolvers<never>()
    const onStop = (): void => term.abort(signal.reason)
    signal.addEventListener('abort', onStop)
    let isLost = false
    const lose = (error: LeadershipLostError): void => {
      if (isLost || done.signal.aborted) return
      isLost = true
      this.#isLeading = false
      term.abort(error)
      done.abort()
      lost.reject(error)
    }
    const keeping = this.#keep(done.signal, lose)
    try {
      await Promise.race([lead(term.signal), lost.promise])
    } catch (error) {
      if (!(signal.aborted && error === signal.reason)) throw error
    } finally {
      signal.removeEventListener('abort', onStop)
      done.abort()
      if (!isLost) {
        await keeping
        await this.#resign()
      }
    }
  }

  /** Renews until it is done, or lost. */
  async #keep(done: AbortSignal, lose: (error: LeadershipLostError) => void): Promise<void> {
    const { clock, renewDeadlineMs, name } = this.#options
    const late = `The lease ${name} could not be renewed within ${renewDeadlineMs} ms (option "renewDeadlineMs").`
    while (!done.aborted) {
      // However long the wait and the request take: at the deadline it is over.
      const cancel = clock.after(this.#leadingUntilMs - clock.now(), () => {
        if (!this.isLeader()) lose(new LeadershipLostError(late))
      })
      try {
        await wait(clock, Math.min(this.#pauseMs(), this.#leadingUntilMs - clock.now()), done)
        if (done.aborted) return
        if (!this.isLeader()) return lose(new LeadershipLostError(late))
        await this.#renew(done)
      } catch (error) {
        if (done.aborted) return
        if (LeadershipLostError.isInstance(error)) return lose(error)
        this.#report(error)
      } finally {
        cancel()
      }
    }
  }

  /** @throws LeadershipLostError somebody else has it, or it was too late @throws the Cluster's errors */
  async #renew(done: AbortSignal): Promise<void> {
    const { clock, identity, leaseDurationMs, renewDeadlineMs, name } = this.#options
    const known = await this.#record.latest(this.#limits(done))
    if (known !== undefined && holderOf(known) !== identity)
      throw new LeadershipLostError(`The lease ${name} is held by ${holderOf(known) ?? 'nobody'} now.`)
    const sentMs = clock.now()
    const date = clock.date()
    const spec = known?.spec
      ? renewed(known.spec, date)
      : acquired(undefined, identity, leaseDurationMs, date)
    await this.#record.write(known, spec, this.#limits(done))
    // An answer that comes after the deadline is too late, whatever it says: others may have been told already.
    if (!this.isLeader()) throw new LeadershipLostError(`The lease ${name} was renewed too late.`)
    this.#leadingUntilMs = sentMs + renewDeadlineMs
  }

  /** Leads no more, and tells others. */
  async #resign(): Promise<void> {
    this.#isLeading = false
    const { clock, identity } = this.#options
    for (let attempt = 1; attempt <= releaseAttempts; attempt += 1) {
      try {
        const lease = await this.#record.latest(this.#limits())
        if (lease?.spec === undefined || holderOf(lease) !== identity) return
        await this.#record.write(lease, released(lease.spec, clock.date()), this.#limits())
        return
      } catch (error) {
        // A conflict: a renewal that was cut has arrived after all.
        if (KubernetesApiError.isInstance(error) && error.isConflict) continue
        return this.#report(error)
      }
    }
  }

  /** A dead connection must leave time for another try. */
  #limits(signal?: AbortSignal): RequestLimits {
    return { signal, timeoutMs: Math.ceil(this.#options.renewDeadlineMs / 2) }
  }

  #pauseMs(): number {
    const { retryPeriodMs, random } = this.#options
    return retryPeriodMs * (1 + retryJitter * random())
  }

  #report(error: unknown): void {
    try {
      this.#options.onError?.(error)
    } catch {
      // Who listens must not stop it.
    }
  }
}
