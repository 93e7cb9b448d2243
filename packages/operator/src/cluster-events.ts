/** What happens to Modules, as Events of the cluster and as lines of the log. */
import type { Logger } from 'pino'
import type { EventSink, ModuleEvent } from './controller/module-events.ts'
import type { ApiClient } from './kubernetes/cluster/api-client.ts'
import { EventRecorder } from './kubernetes/event-recorder.ts'
import { group, kind, type Module, version } from './resource/module.ts'

export class ClusterEvents implements EventSink, AsyncDisposable {
  readonly #recorder: EventRecorder
  readonly #log: Logger

  /** @param instance which process tells */
  constructor(cluster: ApiClient, instance: string, log: Logger) {
    this.#log = log
    this.#recorder = new EventRecorder({
      cluster,
      controller: `${group}/operator`,
      instance,
      onError: (error) => log.warn({ err: error }, 'an Event could not be written'),
    })
  }

  record(module: Module, { type, reason, note, action }: ModuleEvent): void {
    const { namespace, name = '', uid, resourceVersion } = module.metadata
    this.#log.info({ module: `${namespace}/${name}`, uid, type, reason, note }, 'event')
    const regarding = {
      apiVersion: `${group}/${version}`,
      kind,
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    }
    this.#recorder.record(regarding, { type, reason, note, action })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#recorder[Symbol.asyncDispose]()
  }
}
