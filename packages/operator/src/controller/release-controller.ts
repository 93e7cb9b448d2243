/**
 * A deleted Module: asks every process of its ledger, looks for proofs, and removes the finalizer when all are there. There is no
 * time-out, and no error releases.
 */
import type { KnownHost } from '../hosts/host-directory.ts'
import { removeFinalizer } from '../kubernetes/finalizer.ts'
import { forceReleaseAnnotation, type HostRecord, type Module, moduleFinalizer } from '../resource/module.ts'
import { moduleResource } from '../resource/module-resource.ts'
import { deletedStatus } from './deleted-status.ts'
import { isProved, ledgerOf, newRecord } from './ledger.ts'
import type { ModuleControllerOptions, Outcome } from './controller-options.ts'
import { hostName, isOfModule } from './module-settings.ts'
import { numbersOf } from './numbers.ts'
import { purgeRecord } from './purge-record.ts'

export class ReleaseController {
  readonly #options: ModuleControllerOptions

  constructor(options: ModuleControllerOptions) {
    this.#options = options
  }

  async reconcile(module: Module): Promise<Outcome> {
    const { metadata } = module
    if (!metadata.finalizers?.includes(moduleFinalizer)) return 'settled'
    const { cluster, directory, events, latest, node, pathGraceMs, apiAnsweredAtMs, status } = this.#options
    const ledger = [...ledgerOf(module), ...strays(module, directory.hosts(), node)]
    const records = await Promise.all(
      ledger.map((record) => (isProved(record) ? record : this.purge(module, record))),
    )
    // Asked after the hosts were: what they can prove needs nobody's word.
    const forced = metadata.annotations?.[forceReleaseAnnotation] === metadata.uid && !records.every(isProved)
    const written = await status.write(
      module,
      deletedStatus(module, records, {
        numbers: numbersOf(module.status, records, (podUID) => directory.get(podUID)),
        isPathHealthy: (podUID) => directory.isPathHealthy(podUID, pathGraceMs, apiAnsweredAtMs()),
        now: new Date().toISOString(),
        forced,
      }),
    )
    events.tell(module, written)
    if (!forced && !records.every(isProved)) return 'again'
    const released = await removeFinalizer(cluster, moduleResource, written, moduleFinalizer)
    if (released !== undefined) latest.wrote(released)
    return 'settled'
  }

  /** One step of one record. */
  async purge(module: Module, record: HostRecord): Promise<HostRecord> {
    const { client, directory, node, purgeWaitMs } = this.#options
    return await purgeRecord(record, {
      client,
      host: directory.get(record.podUID),
      node: node(record.node),
      name: hostName(module),
      digest: module.spec.digest,
      waitMs: purgeWaitMs,
      now: new Date().toISOString(),
      failed: (podUID) => directory.failed(podUID),
    })
  }
}

/** What hosts list of this Module and no record names: the ledger was lost (a status that was restored, say). */
function strays(
  module: Module,
  hosts: readonly KnownHost[],
  node: ModuleControllerOptions['node'],
): HostRecord[] {
  const ledger = ledgerOf(module)
  const now = new Date().toISOString()
  const isStray = (podUID: string, uid: string): boolean =>
    isOfModule(uid, module.metadata.uid!) &&
    !ledger.some((record) => record.podUID === podUID && record.hostUID === uid)
  return hosts.flatMap((host) => {
    const found = [...host.modules.keys()].filter((uid) => isStray(host.pod.uid, uid))
    return found.map((uid) => newRecord(host, node(host.pod.node), uid, '', 'Purging', now))
  })
}
