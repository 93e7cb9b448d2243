/** The record of an election: a Lease of `coordination.k8s.io/v1`, as it is in JSON. */
import { microTimestamp } from '../time/timestamp.ts'

export interface Lease {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly resourceVersion?: string
    readonly uid?: string
  }
  readonly spec?: LeaseSpec
}

export interface LeaseSpec {
  /** Empty: nobody. */
  readonly holderIdentity?: string
  readonly leaseDurationSeconds?: number
  /** By the holder's wall clock: for people. Only that it changes counts. */
  readonly acquireTime?: string
  readonly renewTime?: string
  readonly leaseTransitions?: number
}

/** Whether two states of the record are the same: what others did to the object besides does not count. */
export function isSameRecord(a: LeaseSpec | undefined, b: LeaseSpec | undefined): boolean {
  return (
    a?.holderIdentity === b?.holderIdentity &&
    a?.renewTime === b?.renewTime &&
    a?.acquireTime === b?.acquireTime &&
    a?.leaseTransitions === b?.leaseTransitions &&
    a?.leaseDurationSeconds === b?.leaseDurationSeconds
  )
}

/** Who holds it; undefined: nobody. */
export function holderOf(lease: Lease | undefined): string | undefined {
  return lease?.spec?.holderIdentity || undefined
}

/** The record of somebody who begins to hold it. */
export function acquired(
  old: LeaseSpec | undefined,
  identity: string,
  leaseDurationMs: number,
  now: Date,
): LeaseSpec {
  const transitions = old?.leaseTransitions ?? 0
  return {
    ...old,
    holderIdentity: identity,
    leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
    acquireTime: microTimestamp(now),
    renewTime: microTimestamp(now),
    leaseTransitions: old === undefined ? 0 : transitions + 1,
  }
}

export function renewed(old: LeaseSpec, now: Date): LeaseSpec {
  return { ...old, renewTime: microTimestamp(now) }
}

/** Nobody has to wait for it. */
export function released(old: LeaseSpec, now: Date): LeaseSpec {
  return { ...old, holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTimestamp(now) }
}
