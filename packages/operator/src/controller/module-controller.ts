/**
 * Brings one Module to where it shall be. It is called again and again, with whatever the watches have shown; each step may be the last
 * one of this process.
 *
 *     living:  finalizer ► bytes (or the end, until they are here) ► pods held ► ledger written ► sent to hosts ► ledger and status written
 *     deleted: hosts asked, proofs looked for ► status written ► all proved: finalizer removed, at that resourceVersion
 *
 * Guarantees: nothing is sent to a process that the ledger in the API server does not name; the finalizer is removed only from the very
 * version of the object whose ledger was found proved, or by a human's word.
 *
 * Errors: those of the API server (a conflict among them): the caller tries again later. Sources and hosts that fail are no errors: they are in
 * the status. No call waits for a source: it ends without the bytes, and is called again when they are here.
 */
import { KubernetesApiError } from '../kubernetes/errors/kubernetes-api-error.ts'
import { ObjectBeingDeletedError } from '../kubernetes/errors/object-being-deleted-error.ts'
import { ObjectReplacedError } from '../kubernetes/errors/object-replaced-error.ts'
import { addFinalizer } from '../kubernetes/finalizer.ts'
import { provenGone } from '../proof/prove.ts'
import { type HostRecord, type Module, moduleFinalizer } from '../resource/module.ts'
import { moduleResource } from '../resource/module-resource.ts'
import type { ModuleControllerOptions, Outcome } from './controller-options.ts'
import { findBytes, type FoundBytes } from './find-bytes.ts'
import { currentRecord, isAt, isProved, ledgerOf, type NextLedger, planLedger } from './ledger.ts'
import { livingStatus, type SourceProblem, waitingForSource } from './living-status.ts'
import { loadRecord } from './load-record.ts'
import { hostName, hostSettings, settingsFingerprint } from './module-settings.ts'
import { numbersOf } from './numbers.ts'
import { ReleaseController } from './release-controller.ts'

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
      // It went meanwhile, or is about to go, and the watch will say so.
      if (ObjectBeingDeletedError.isInstance(error) || ObjectReplacedError.isInstance(error)) return 'settled'
      if (KubernetesApiError.isInstance(error) && error.isNotFound) return 'settled'
      throw error
    }
  }

  async #reconcileLiving(seen: Module, signal: AbortSignal): Promise<Outcome> {
    const { cluster, directory, latest, node } = this.#options
    const held = await addFinalizer(cluster, moduleResource, seen, moduleFinalizer)
    if (held !== seen) latest.wrote(held)
    const known = ledgerOf(held).filter(
      (one) => provenGone(one, directory.get(one.podUID), node(one.node)) === undefined,
    )
    const now = new Date().toISOString()
    const plan = planLedger(held, known, directory.hosts(), node, now)
    const { bytes, problem } = await this.#findBytes(held, [...plan.kept, ...plan.added], signal)
    const module = await this.#writeLedger(held, problem === undefined ? plan : { ...plan, added: [] })
    const records = await this.#send(module, bytes, signal)
    const numbers = numbersOf(module.status, records, (podUID) => directory.get(podUID))
    const status = livingStatus(
      module,
      records,
      directory.hosts(),
      numbers,
      problem,
      new Date().toISOString(),
    )
    const written = await this.#options.status.write(module, status)
    this.#options.events.tell(seen, written)
    return outcomeOf(records, problem)
  }

  async #findBytes(module: Module, records: readonly HostRecord[], signal: AbortSignal): Promise<FoundBytes> {
    const { sources, wantsNoBytes } = this.#options
    if (records.some(({ state }) => state === 'Loading')) return await findBytes(sources, module, signal)
    wantsNoBytes?.(module)
    return {}
  }

  /** Pods are held first: a ledger names none whose kubelet's last word could be lost. */
  async #writeLedger(module: Module, { kept, added, loads }: NextLedger): Promise<Module> {
    const { holder, status } = this.#options
    const holds = await Promise.allSettled(added.map(({ podUID }) => holder.hold(podUID)))
    try {
      const failed = holds.find((one) => one.status === 'rejected')
      if (failed !== undefined) throw failed.reason
      const held = added.filter((_, index) => valueOf(holds[index]) !== undefined)
      return await status.write(module, { ...module.status, records: [...kept, ...held], loads })
    } finally {
      for (const hold of holds) valueOf(hold)?.[Symbol.dispose]()
    }
  }

  /** Loads and purges what the ledger says, all hosts at once. @returns the ledger after it */
  async #send(module: Module, bytes: Uint8Array | undefined, signal: AbortSignal): Promise<HostRecord[]> {
    const steps = ledgerOf(module).map(async (record): Promise<HostRecord | undefined> => {
      if (record.state === 'Purging') {
        const purged = await this.#release.purge(module, record)
        return isProved(purged) ? undefined : purged
      }
      if (record.state !== 'Loading' || bytes === undefined) return record
      return await this.#load(module, record, bytes, signal)
    })
    return (await Promise.all(steps)).filter((record) => record !== undefined)
  }

  async #load(
    module: Module,
    record: HostRecord,
    bytes: Uint8Array,
    signal: AbortSignal,
  ): Promise<HostRecord> {
    const { client, directory, holder, owner } = this.#options
    const host = directory.get(record.podUID)
    const settings = hostSettings(module)
    // Of a process that is gone, or of settings that were: it stays in the ledger until that is proved.
    if (
      host === undefined ||
      !isAt(record, host) ||
      currentRecord([record], host, settingsFingerprint(settings)) === undefined
    )
      return record
    // Whoever wrote the record may not have been the one in charge now.
    const hold = await holder.hold(record.podUID)
    if (hold === undefined) return record
    hold[Symbol.dispose]()
    return await loadRecord(record, {
      client,
      host,
      module: { name: hostName(module), digest: module.spec.digest, owner, settings, bytes },
      now: () => new Date().toISOString(),
      failed: (podUID) => directory.failed(podUID),
      signal,
    })
  }
}

function outcomeOf(records: readonly HostRecord[], problem: SourceProblem | undefined): Outcome {
  const isAwaited = problem?.reason === waitingForSource
  const isOpen = records.some(({ state }) => state === 'Purging' || (state === 'Loading' && !isAwaited))
  if (isOpen || (problem !== undefined && !isAwaited)) return 'again'
  return isAwaited ? 'awaited' : 'settled'
}

function valueOf<T>(settled: PromiseSettledResult<T> | undefined): T | undefined {
  return settled?.status === 'fulfilled' ? settled.value : undefined
}
