/** The host itself: who it is, and how large. */
import type { HostIdentity } from '../host-identity.ts'
import { version } from '../version.ts'
import { json } from './answers.ts'
import type { Route } from './router.ts'

export interface HostDescription extends HostIdentity {
  /** UID of its pod in Kubernetes, where that was given. */
  readonly podUid: string | undefined
  /** Worker threads. */
  readonly workers: number
  /** Slots of each worker. */
  readonly slots: number
}

export function hostRoutes(host: HostDescription): Route[] {
  return [
    {
      method: 'GET',
      path: '/v1/host',
      handle() {
        const { instance, startedAt, bootId, podUid, workers, slots } = host
        const now = new Date().toISOString()
        return json(200, { instance, startedAt, now, bootId, podUid, version: version(), workers, slots })
      },
    },
  ]
}
