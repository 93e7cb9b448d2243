/** A Reflector of a fake API server, by a manual clock, and everything that its handlers were told. */
import {
  Cluster,
  type ApiObject,
  configMaps,
  Reflector,
  type ReflectorFailure,
  type ReflectorOptions,
} from '../../src/index.ts'
import type { FakeApiServer } from './fake-api-server.ts'
import type { FakeWatch } from './fake-watch.ts'
import { ManualClock } from './manual-clock.ts'
import { until } from './until.ts'

export const collection = '/api/v1/configmaps'

export interface Told {
  readonly type: 'added' | 'updated' | 'deleted'
  readonly object: ApiObject
}

export class ReflectorJournal implements AsyncDisposable {
  readonly clock: ManualClock = new ManualClock()
  readonly told: Told[] = []
  readonly failures: ReflectorFailure[] = []
  readonly reflector: Reflector<ApiObject>
  readonly #cluster: Cluster
  readonly #server: FakeApiServer

  constructor(server: FakeApiServer, options: Partial<ReflectorOptions<ApiObject>> = {}) {
    this.#server = server
    // The cluster's own times are not what is tested.
    this.#cluster = Cluster.fromKubeConfig(server.kubeConfig())
    this.reflector = new Reflector<ApiObject>({
      cluster: this.#cluster,
      resource: configMaps,
      clock: this.clock,
      // No chance: the longest waits.
      random: () => 0,
      handlers: {
        added: (object) => this.told.push({ type: 'added', object }),
        updated: (object) => this.told.push({ type: 'updated', object }),
        deleted: (object) => this.told.push({ type: 'deleted', object }),
      },
      onError: (failure) => this.failures.push(failure),
      ...options,
    })
    this.reflector.start()
  }

  /** `added a`, `deleted b`, … */
  get words(): string[] {
    return this.told.map(({ type, object }) => `${type} ${object.metadata?.name}`)
  }

  /** What the store has, by name, as the server has it. */
  get names(): string[] {
    return this.reflector.store
      .list()
      .map(({ metadata }) => metadata!.name!)
      .sort()
  }

  /** The only watch, once it is there. */
  async watch(): Promise<FakeWatch> {
    await until(
      'it watches',
      () => this.#server.openWatches.length === 1 && this.reflector.state === 'watching',
    )
    return this.#server.openWatches[0]!
  }

  /** The wait that it is in, in milliseconds: once there have been this many failures. */
  async backOffMs(failures: number): Promise<number> {
    await until(`${failures} failures`, () => this.failures.length >= failures)
    await until('it waits', () => this.clock.pendingMs.length > 0)
    return this.failures[failures - 1]!.retryInMs
  }

  /** Ends its wait. */
  async endBackOff(): Promise<void> {
    await until('it waits', () => this.reflector.state === 'failing' && this.clock.pendingMs.length > 0)
    await this.clock.advance(this.clock.pendingMs[0]!)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.reflector[Symbol.asyncDispose]()
    await this.#cluster[Symbol.asyncDispose]()
  }
}
