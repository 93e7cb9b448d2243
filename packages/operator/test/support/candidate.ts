/** One process of an election, with a clock of its own. */
import { LeaderElector, type LeaderElectorOptions } from '../../src/index.ts'
import type { ApiState } from './api-state.ts'
import { ManualClock } from './manual-clock.ts'
import { MemoryCluster } from './memory-cluster.ts'

export const leasePath = '/apis/coordination.k8s.io/v1/namespaces/demo/leases/operator'

export class Candidate {
  readonly clock: ManualClock = new ManualClock()
  readonly cluster: MemoryCluster
  readonly elector: LeaderElector
  readonly errors: unknown[] = []
  readonly holders: (string | undefined)[] = []
  readonly #stop = new AbortController()
  /** How its run ended; undefined: not yet. */
  outcome: 'ended' | { readonly error: unknown } | undefined
  /** Of `lead`, once it was called. */
  leadSignal: AbortSignal | undefined
  readonly #led = Promise.withResolvers<void>()

  /** @param endsAtOnce whether `lead` ends when its signal is aborted */
  constructor(
    state: ApiState,
    identity: string,
    options: Partial<LeaderElectorOptions> = {},
    endsAtOnce = true,
  ) {
    this.cluster = new MemoryCluster(state, this.clock)
    this.elector = new LeaderElector({
      cluster: this.cluster,
      namespace: 'demo',
      name: 'operator',
      identity,
      clock: this.clock,
      random: () => 0,
      onError: (error) => this.errors.push(error),
      onHolder: (holder) => this.holders.push(holder),
      ...options,
    })
    const lead = (signal: AbortSignal): Promise<void> => {
      this.leadSignal = signal
      if (endsAtOnce) signal.addEventListener('abort', () => this.#led.reject(signal.reason))
      return this.#led.promise
    }
    this.elector.run({ signal: this.#stop.signal, lead }).then(
      () => (this.outcome = 'ended'),
      (error: unknown) => (this.outcome = { error }),
    )
  }

  stop(): void {
    this.#stop.abort(new Error('stopped'))
  }

  endLead(error?: Error): void {
    if (error === undefined) this.#led.resolve()
    else this.#led.reject(error)
  }
}

/** Time goes by for all, in small steps. */
export async function advanceAll(candidates: readonly Candidate[], ms: number, stepMs = 100): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs)
    for (const { clock } of candidates) await clock.advance(Math.min(stepMs, ms - passed))
}
