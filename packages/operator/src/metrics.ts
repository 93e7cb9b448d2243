/**
 * What the operator counts, in Prometheus' text format: with the names that dashboards for controller-runtime know, and its own. Those of
 * the work queues are client-go's.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

export class OperatorMetrics {
  readonly registry: Registry = new Registry()
  readonly reconciles: Counter = this.#counter('controller_runtime_reconcile_total', 'Reconciliations', [
    'controller',
    'result',
  ])
  readonly reconcileErrors: Counter = this.#counter(
    'controller_runtime_reconcile_errors_total',
    'Reconciliations that failed',
    ['controller'],
  )
  readonly reconcileSeconds: Histogram = this.#histogram(
    'controller_runtime_reconcile_time_seconds',
    'How long reconciliations take',
    ['controller'],
  )
  readonly activeWorkers: Gauge = this.#gauge(
    'controller_runtime_active_workers',
    'Reconciliations that are under way',
    ['controller'],
  )
  readonly mostWorkers: Gauge = this.#gauge(
    'controller_runtime_max_concurrent_reconciles',
    'How many may be under way',
    ['controller'],
  )
  readonly requests: Counter = this.#counter('rest_client_requests_total', 'Requests to the API server', [
    'method',
    'code',
  ])
  readonly leading: Gauge = this.#gauge('leader_election_master_status', 'Whether this one is in charge', [
    'name',
  ])
  readonly modules: Gauge = this.#gauge(
    'warmslot_operator_modules',
    'Modules: ready, waiting, purging, blocked',
    ['state'],
  )
  readonly hosts: Gauge = this.#gauge('warmslot_operator_hosts', 'Hosts: reachable, failing, unknown', [
    'state',
  ])
  readonly released: Counter = this.#counter(
    'warmslot_operator_modules_released_total',
    'Deleted Modules that were let go',
    ['how'],
  )
  readonly releaseSeconds: Histogram = this.#histogram(
    'warmslot_operator_release_seconds',
    'From the deletion of a Module to its release',
    [],
  )
  readonly orphans: Counter = this.#counter(
    'warmslot_operator_orphans_purged_total',
    'Modules on hosts that no Module stood for',
    [],
  )

  constructor() {
    collectDefaultMetrics({ register: this.registry })
  }

  #counter(name: string, help: string, labelNames: string[]): Counter {
    return new Counter({ name, help, labelNames, registers: [this.registry] })
  }

  #gauge(name: string, help: string, labelNames: string[]): Gauge {
    return new Gauge({ name, help, labelNames, registers: [this.registry] })
  }

  #histogram(name: string, help: string, labelNames: string[]): Histogram {
    return new Histogram({ name, help, labelNames, buckets: seconds, registers: [this.registry] })
  }
}
