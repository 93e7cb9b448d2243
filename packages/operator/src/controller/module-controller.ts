/**
 * Brings one Module to where it shall be. It is called again and again, with whatever the watches have shown; each step may be the last
 * one of this process.
 *
 *     living:  finalizer ► bytes ► ledger written ► pods held ► sent to hosts ► ledger and status written
 *     deleted: hosts asked, proofs looked for ► status written ► all proved: finalizer removed, at that resourceVersion
 *
 * Guarantees: nothing is sent to a process that the ledger in the API server does not name; the finalizer is removed only from the very
 * version of the object whose ledger was found proved, or by a human's word.
 *
 * Errors: those of the API server (a conflict among them): the caller tries again later. Sources and hosts that fail are no errors: they are in
 * the status.
 */
import type { V1Node } from '@kubernetes/client-node'
import { SourceError } from '../errors/source-error.ts'
import type { HostClient } from '../hosts/host-client.ts'
import type { HostDirectory, KnownHost } from '../hosts/host-directory.ts'
import type { PodHolder } from '../hosts/pod-holder.ts'
import type { ApiClient } from '../kubernetes/cluster/api-client.ts'
import { KubernetesApiError } from '../kubernetes/errors/kubernetes-api-error.ts'
import { addFinalizer } from '../kubernetes/finalizer.ts'
import { provenGone } from '../proof/prove.ts'
import { type HostRecord, type Module, moduleFinalizer, type ModuleStatus } from '../resource/module.ts'
import { moduleResource } from '../resource/module-resource.ts'
import type { ModuleSources } from '../sources/module-source.ts'
import type { Latest } from './latest.ts'
import { currentRecord, isAt, ledgerOf, planLedger } from './ledger.ts'
import { livingStatus, type SourceProblem } from './living-status.ts'
import { loadRecord } from './load-record.ts'
import type { ModuleEvents } from './module-events.ts'
import { hostName, hostSettings, settingsFingerprint } from './module-settings.ts'
import { numbersOf } from './numbers.ts'
import { purgeRecord } from './purge-record.ts'
import { ReleaseController } from './release-controller.ts'
import type { StatusWriter } from './status-writer.ts'

export interface ModuleControllerOptions {
  readonly cluster: ApiClient
  readonly client: HostClient
  readonly directory: HostDirectory
  readonly holder: PodHolder
  readonly sources: ModuleSources
  readonly events: ModuleEvents
  readonly latest: Latest<Module>
  readonly status: StatusWriter
  readonly node: (name: string | undefined) => V1Node | undefined
  /** Who puts modules on hosts: what this controller may take away there. @default 'warmslot-operator' */
  readonly owner: string
  /** How long one call waits for hosts to purge, in milliseconds. */
  readonly purgeWaitMs: number
  /** How long the operator's own path must have been well before a host counts as unreachable, in milliseconds. */
  readonly pathGraceMs: number
  /** When the API server answered last, monotonic, in milliseconds; undefined: never. */
  readonly apiAnsweredAtMs: () => number | undefined
}

/** When to look again; undefined: when something changes. */
export type Outcome = 'settled' | 'again'

export class ModuleController {
  readonly #options: ModuleControllerOptions
  readonly #release: ReleaseController

  constructor(options: ModuleControllerOptions) {
    this.#options = options
    this.#release = new ReleaseController(options)
  }

  async reconcile(seen: Module, signal: AbortSignal): Promise<Outcome> {
    const module = this.#options.latest.of(seen)
    try {
      if (module.metadata.deletionTimestamp != null) return await this.#release.reconcile(module)
      return await this.#reconcileLiving(module, signal)
    } catch (error) {
      if (KubernetesApiError.isInstance(error)) {
        this.#options.latest.forget(module.metadata.uid)
        // It went meanwhile, and the watch will say so.
        if (error.isNotFound && (error.details.kind === undefined || error.details.kind === 'modules')) return 'settled'
      }
      throw error
    }
  }

  async #reconcileLiving(seen: Module, signal: AbortSignal): Promise<Outcome> {
    const { cluster, directory, latest, node } = this.#options
    const held = await addFinalizer(cluster, moduleResource, seen, moduleFinalizer)
    if (held === undefined) return 'settled'
    latest.wrote(held)
    const hosts = directory.hosts()
    const known = ledgerOf(held).filter((one) => provenGone(one, directory.get(one.podUID), node(one.node)) === undefined)
    const plan = planLedger(held, known, hosts, (name) => node(name)?.metadata?.uid, new Date().toISOString())
    const problem = await this.#findBytes(held, plan.records, signal)
    const records = problem === undefined ? plan.records : withoutNew(plan.records, known)
    let module = held
    if (plan.isNew && records.some((record) => !known.includes(record)))
      module = await this.#write(held, { ...held.status, records, loads: plan.loads })
    const sent = await this.#send(module, records, problem === undefined, signal)
    const now = new Date().toISOString()
    const numbers = numbersOf(sent, (podUID) => directory.get(podUID))
    const status = livingStatus(module, sent, directory.hosts(), numbers, problem, now)
    const written = await this.#write(module, status)
    this.#options.events.tell(seen, written)
    const isOpen = problem !== undefined || sent.some(({ state }) => state === 'Loading' || state === 'Purging')
    return isOpen ? 'again' : 'settled'
  }

  /** The bytes are wanted before any record is written: a source that cannot be read leaves nothing in the ledger. */
  async #findBytes(
    module: Module,
    records: readonly HostRecord[],
    signal: AbortSignal,
  ): Promise<SourceProblem | undefined> {
    if (!records.some(({ state }) => state === 'Loading')) return undefined
    try {
      await this.#options.sources.read(module, signal)
      return undefined
    } catch (error) {
      if (!SourceError.isInstance(error)) throw error
      return { reason: error.reason, message: error.message }
    }
  }

  /** Loads and purges what the ledger says, all hosts at once. */
  async #send(
    module: Module,
    records: readonly HostRecord[],
    hasBytes: boolean,
    signal: AbortSignal,
  ): Promise<HostRecord[]> {
    const steps = records.map(async (record): Promise<HostRecord | undefined> => {
      if (record.state === 'Purging') {
        const purged = await this.#release.purge(module, record)
        return purged.state === 'Purging' ? purged : undefined
      }
      if (record.state !== 'Loading' || !hasBytes) return record
      return await this.#load(module, record, signal)
    })
    return (await Promise.all(steps)).filter((record) => record !== undefined)
  }

  async #load(module: Module, record: HostRecord, signal: AbortSignal): Promise<HostRecord> {
    const { client, directory, holder, owner, sources } = this.#options
    const host: KnownHost | undefined = directory.get(record.podUID)
    const settings = hostSettings(module)
    // Of a process that is gone, or of settings that were: it stays in the ledger until that is proved.
    if (host === undefined || !isAt(record, host) || currentRecord([record], host, settingsFingerprint(settings)) === undefined)
      return record
    if (!(await holder.hold(record.podUID))) return record
    signal.throwIfAborted()
    const bytes = await sources.read(module, signal)
    return await loadRecord(record, {
      client,
      host,
      module: { name: hostName(module), digest: module.spec.digest, owner, settings, bytes },
      now: () => new Date().toISOString(),
      failed: (podUID) => directory.failed(podUID),
      signal,
    })
  }

  async #write(module: Module, status: ModuleStatus): Promise<Module> {
    return await this.#options.status.write(module, status)
  }
}

/** Without the entries that were to be made. */
function withoutNew(records: readonly HostRecord[], known: readonly HostRecord[]): readonly HostRecord[] {
  const isKnown = (record: HostRecord): boolean =>
    known.some((one) => one.podUID === record.podUID && one.instance === record.instance && one.hostUID === record.hostUID)
  return records.filter(isKnown)
}
