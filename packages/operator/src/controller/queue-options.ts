/** What the operator's queues have in common. */
import type { Logger } from 'pino'
import { KubernetesApiError } from '../kubernetes/errors/kubernetes-api-error.ts'
import type { WorkQueueMetrics } from '../kubernetes/queue/work-queue-metrics.ts'
import type { WorkQueueOptions } from '../kubernetes/queue/work-queue-options.ts'
import type { Clock } from '../kubernetes/time/clock.ts'
import type { OperatorMetrics } from '../metrics.ts'

export interface QueueContext {
  /** The longest pause after a failure, in milliseconds. */
  readonly retryMs: number
  readonly metrics: OperatorMetrics
  readonly queueMetrics: WorkQueueMetrics
  readonly log: Logger
  /** @default the system's */
  readonly clock?: Clock
}

/** @param name of the queue, as metrics and messages have it */
export function queueOptions(
  name: string,
  { retryMs, metrics, queueMetrics, log, clock }: QueueContext,
): WorkQueueOptions<string> {
  return {
    backOff: { initialMs: Math.min(500, retryMs), maxMs: retryMs, factor: 2, jitter: 0.3 },
    observer: queueMetrics.observer(name),
    ...(clock ? { clock } : {}),
    onError(error, key, failures, retryInMs) {
      metrics.reconcileErrors.inc({ controller: name })
      // Somebody else was first: that is how it is meant.
      const level = KubernetesApiError.isInstance(error) && error.isConflict ? 'debug' : 'warn'
      log[level](
        { err: error, key, failures, retryInMs },
        `the ${name} could not be brought to where it shall be`,
      )
    },
  }
}
