/** Metrics of queues for Prometheus, under the names that client-go and controller-runtime gave them, so that their dashboards fit. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** Told by a queue. Must not throw. */
export interface WorkQueueObserver {
  /** A key that was not waiting waits now. */
  added(): void
  /** A key begins to be processed. @param seconds that it has waited */
  began(seconds: number): void
  /** A key was processed. @param seconds that it took */
  ended(seconds: number): void
  /** A key waits for another try. */
  retried(): void
}

/** What is asked of a queue when metrics are read. */
export interface WorkQueueNumbers {
  /** Keys that wait; not those that are processed, or come later. */
  readonly depth: number
  /** Of all that are processed, for how long they are. */
  readonly unfinishedWorkSeconds: number
  readonly longestRunningSeconds: number
}

/** In seconds: from a reconciliation that finds nothing to do to one that waits for its time limit. */
const buckets = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000]

export class WorkQueueMetrics {
  readonly #queues = new Map<string, WorkQueueNumbers>()
  readonly #adds: Counter<'name'>
  readonly #retries: Counter<'name'>
  readonly #waits: Histogram<'name'>
  readonly #works: Histogram<'name'>

  /** @param registry where they are read */
  constructor(registry: Registry) {
    const common = { labelNames: ['name'] as const, registers: [registry] }
    this.#adds = new Counter({ ...common, name: 'workqueue_adds_total', help: 'Keys that were added.' })
    this.#retries = new Counter({
      ...common,
      name: 'workqueue_retries_total',
      help: 'Keys that were to run again.',
    })
    this.#waits = new Histogram({
      ...common,
      name: 'workqueue_queue_duration_seconds',
      help: 'How long keys wait before they are processed.',
      buckets,
    })
    this.#works = new Histogram({
      ...common,
      name: 'workqueue_work_duration_seconds',
      help: 'How long keys are processed.',
      buckets,
    })
    this.#gauge(registry, 'workqueue_depth', 'Keys that wait.', ({ depth }) => depth)
    this.#gauge(
      registry,
      'workqueue_unfinished_work_seconds',
      'For how long the keys that are processed are, in sum. One that grows steadily is stuck.',
      ({ unfinishedWorkSeconds }) => unfinishedWorkSeconds,
    )
    this.#gauge(
      registry,
      'workqueue_longest_running_processor_seconds',
      'For how long the key is processed that is the longest.',
      ({ longestRunningSeconds }) => longestRunningSeconds,
    )
  }

  /** For the option `observer` of a queue. @param name the label `name` */
  observer(name: string): WorkQueueObserver {
    return {
      added: () => this.#adds.inc({ name }),
      began: (seconds) => this.#waits.observe({ name }, seconds),
      ended: (seconds) => this.#works.observe({ name }, seconds),
      retried: () => this.#retries.inc({ name }),
    }
  }

  /** Its gauges are read from now on. @returns call it to end that */
  watch(name: string, queue: WorkQueueNumbers): () => void {
    this.#queues.set(name, queue)
    return () => void this.#queues.delete(name)
  }

  #gauge(registry: Registry, name: string, help: string, read: (queue: WorkQueueNumbers) => number): void {
    const queues = this.#queues
    // oxlint-disable-next-line no-new -- the registry keeps it
    new Gauge({
      name,
      help,
      labelNames: ['name'],
      registers: [registry],
      collect() {
        this.reset()
        for (const [queue, numbers] of queues) this.set({ name: queue }, read(numbers))
      },
    })
  }
}
