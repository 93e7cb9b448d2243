/** For those who run the host: is it alive, does it take requests, what does it count. */
import type { HostMetrics } from '../metrics.ts'
import { json } from './answers.ts'
import { openApi } from './openapi.ts'
import type { Route } from './router.ts'

/** `ready`: whether requests are taken now, and if not, why. */
export interface Readiness {
  readonly ready: boolean
  readonly reason?: string
}

/** On both ports, and for everybody: a load balancer has no token. */
export function healthRoutes(readiness: () => Readiness): Route[] {
  return [
    { method: 'GET', path: '/healthz', open: true, handle: () => json(200, { alive: true }) },
    {
      method: 'GET',
      path: '/readyz',
      open: true,
      handle() {
        const answer = readiness()
        return json(answer.ready ? 200 : 503, answer)
      },
    },
  ]
}

/** On the administration port. Names of modules stand in the metrics: they are for those with the token. */
export function operationsRoutes(metrics: HostMetrics): Route[] {
  return [
    {
      method: 'GET',
      path: '/metrics',
      async handle() {
        return { status: 200, headers: { 'content-type': metrics.contentType }, body: await metrics.read() }
      },
    },
    { method: 'GET', path: '/openapi.json', open: true, handle: () => json(200, openApi) },
  ]
}
