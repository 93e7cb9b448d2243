/**
 * The Lease of an election as one process sees it: what it read and wrote last, and since when the record has not changed, by this
 * process' own clock.
 */
import type { RequestLimits } from '../cluster/api-request.ts'
import { KubernetesApiError } from '../errors/kubernetes-api-error.ts'
import { leases } from '../resource.ts'
import type { ResolvedLeaderElectorOptions } from './leader-elector-options.ts'
import { holderOf, isSameRecord, type Lease, type LeaseSpec } from './lease.ts'

export class LeaseRecord {
  readonly #options: ResolvedLeaderElectorOptions
  /** What was written or read last; undefined: read before the next write. */
  #lease: Lease | undefined
  #seen: { readonly spec: LeaseSpec | undefined; readonly atMs: number } | undefined
  #holder: string | undefined
  #hasWritten = false

  constructor(options: ResolvedLeaderElectorOptions) {
    this.#options = options
  }

  /** Who held it when it was seen last; undefined: nobody, or not known. */
  get holder(): string | undefined {
    return this.#holder
  }

  /** Whether this process has sent a write: a record with its identity may be its own then. */
  get hasWritten(): boolean {
    return this.#hasWritten
  }

  /** Whether the holder has given no sign for as long as it promised, or this one would. */
  get isSilent(): boolean {
    const { clock, leaseDurationMs } = this.#options
    const promisedMs = (this.#seen?.spec?.leaseDurationSeconds ?? 0) * 1000
    return this.#seen !== undefined && clock.now() - this.#seen.atMs >= Math.max(leaseDurationMs, promisedMs)
  }

  /** As it was written or read last; it is read where a write failed since. @throws the Cluster's errors */
  async latest(limits: RequestLimits): Promise<Lease | undefined> {
    return this.#lease ?? (await this.read(limits))
  }

  /** @returns undefined: there is none @throws the Cluster's errors */
  async read(limits: RequestLimits): Promise<Lease | undefined> {
    const { cluster, namespace, name } = this.#options
    try {
      this.#lease = await cluster.get<Lease>(leases, { namespace, name }, limits)
    } catch (error) {
      if (!KubernetesApiError.isInstance(error) || !error.isNotFound) throw error
      this.#lease = undefined
    }
    this.#see(this.#lease)
    return this.#lease
  }

  /** Instead of this one, exactly; undefined: where there is none. @throws KubernetesApiError `isConflict` @throws the Cluster's errors */
  async write(lease: Lease | undefined, spec: LeaseSpec, limits: RequestLimits): Promise<void> {
    const { cluster, namespace, name } = this.#options
    // Should this fail, it is unknown whether it was done.
    this.#lease = undefined
    this.#hasWritten = true
    const apiVersion = `${leases.group}/${leases.version}`
    const whole = { apiVersion, kind: 'Lease', metadata: { namespace, name }, ...lease, spec }
    const send = lease === undefined ? 'create' : 'replace'
    this.#lease = await cluster[send]<Lease>(leases, whole, limits)
    this.#see(this.#lease)
  }

  #see(lease: Lease | undefined): void {
    if (this.#seen === undefined || !isSameRecord(this.#seen.spec, lease?.spec))
      this.#seen = { spec: lease?.spec, atMs: this.#options.clock.now() }
    const holder = holderOf(lease)
    if (holder === this.#holder) return
    this.#holder = holder
    try {
      this.#options.onHolder?.(holder)
    } catch {
      // Who listens must not stop it.
    }
  }
}
