/**
 * Holds the Pod objects of hosts that ledgers name (docs/decisions/19): without the object, the kubelet's last word about the container
 * would be lost, and a Module could never be proved gone from there.
 *
 *     no finalizer ──hold(), before a ledger names the pod──► finalizer ──no ledger names it any more──► no finalizer
 *
 * Per pod one thing at a time: a release that is under way and a hold that comes meanwhile end with the finalizer there. Whoever is in charge
 * newly writes its term into an annotation of each pod that it holds, so that a release which the one before has sent, and which
 * is still under way, is for a version that is no more.
 *
 * Errors: those of the API server; the caller tries again.
 */
import type { V1Pod } from '@kubernetes/client-node'
import { KubernetesApiError } from '../kubernetes/errors/kubernetes-api-error.ts'
import type { ApiClient } from '../kubernetes/cluster/api-client.ts'
import { isOlder } from '../kubernetes/resource-version.ts'
import { pods } from '../kubernetes/resource.ts'
import { group, podFinalizer } from '../resource/module.ts'
import { Latest } from '../controller/latest.ts'

/** Whose word the finalizer is. */
export const termAnnotation: string = `${group}/held-in-term`

export class PodHolder {
  readonly #term: string
  readonly #cluster: ApiClient
  readonly #find: (podUID: string) => V1Pod | undefined
  readonly #isNeeded: (podUID: string) => boolean
  readonly #unneeded: (podUID: string) => void
  readonly #latest = new Latest<V1Pod>()
  /** By UID: the version at which a write failed. Until the watch shows a newer one, what was seen may long be otherwise. */
  readonly #unsure = new Map<string, string | undefined>()
  /** How many are about to name a pod in a ledger. */
  readonly #intents = new Map<string, number>()
  /** The last thing that is being done with a pod. */
  readonly #turns = new Map<string, Promise<unknown>>()

  /**
   * @param term of this process's being in charge: no other has had it
   * @param find the pod, as the watch has it
   * @param isNeeded whether a ledger names it in a record that is not proved
   * @param unneeded told of a pod that may have been held for nothing: it is to be released
   */
  constructor(
    cluster: ApiClient,
    term: string,
    find: (podUID: string) => V1Pod | undefined,
    isNeeded: (podUID: string) => boolean,
    unneeded: (podUID: string) => void,
  ) {
    this.#cluster = cluster
    this.#term = term
    this.#find = find
    this.#isNeeded = isNeeded
    this.#unneeded = unneeded
  }

  /**
   * Has the pod held, and keeps it held until the result is disposed: by then a ledger names it.
   * @returns undefined where it is gone, or about to go: no ledger may name it
   */
  async hold(podUID: string): Promise<Disposable | undefined> {
    this.#intend(podUID, 1)
    const intent = { [Symbol.dispose]: () => this.#intend(podUID, -1) }
    try {
      if (await this.#inTurn(podUID, () => this.#hold(podUID))) return intent
    } catch (error) {
      intent[Symbol.dispose]()
      throw error
    }
    intent[Symbol.dispose]()
    return undefined
  }

  /** Holds what a ledger names, and lets go what none does. */
  async settle(podUID: string): Promise<void> {
    if (this.#isNeeded(podUID)) (await this.hold(podUID))?.[Symbol.dispose]()
    else await this.#inTurn(podUID, () => this.#release(podUID))
  }

  /** The watch says that the pod is gone. */
  forget(podUID: string): void {
    this.#latest.forget(podUID)
    this.#unsure.delete(podUID)
  }

  async #hold(podUID: string): Promise<boolean> {
    const pod = this.#pod(podUID)
    if (pod === undefined || pod.metadata?.deletionTimestamp != null) return false
    const isOurs = isHeld(pod) && pod.metadata?.annotations?.[termAnnotation] === this.#term
    if (isOurs && !this.#isUnsure(pod)) return true
    return await this.#write(pod, [...others(pod), podFinalizer], this.#term)
  }

  async #release(podUID: string): Promise<void> {
    const pod = this.#pod(podUID)
    if (pod === undefined || !isHeld(pod) || this.#intents.has(podUID) || this.#isNeeded(podUID)) return
    await this.#write(pod, others(pod), null)
  }

  #intend(podUID: string, change: number): void {
    const intents = (this.#intents.get(podUID) ?? 0) + change
    if (intents > 0) {
      this.#intents.set(podUID, intents)
      return
    }
    this.#intents.delete(podUID)
    if (!this.#isNeeded(podUID)) this.#unneeded(podUID)
  }

  #pod(podUID: string): V1Pod | undefined {
    const seen = this.#find(podUID)
    return seen && this.#latest.of(seen)
  }

  /** At the version that was seen. @returns whether the pod is still there, and takes it */
  async #write(pod: V1Pod, finalizers: readonly string[], term: string | null): Promise<boolean> {
    const { namespace, name = '', uid, resourceVersion } = pod.metadata ?? {}
    const metadata = { uid, resourceVersion, finalizers, annotations: { [termAnnotation]: term } }
    try {
      this.#latest.wrote(await this.#cluster.mergePatch<V1Pod>(pods, { namespace, name }, { metadata }))
      this.#unsure.delete(uid ?? '')
      return true
    } catch (error) {
      // What was written before is still newer than what the watch has shown: forgotten, an older view would count.
      this.#unsure.set(uid ?? '', resourceVersion)
      if (KubernetesApiError.isInstance(error) && (error.isNotFound || error.status === 422)) return false
      throw error
    }
  }

  #isUnsure({ metadata: { uid = '', resourceVersion } = {} }: V1Pod): boolean {
    if (!this.#unsure.has(uid)) return false
    const failed = this.#unsure.get(uid)
    if (resourceVersion === failed || isOlder(resourceVersion, failed)) return true
    this.#unsure.delete(uid)
    return false
  }

  async #inTurn<T>(podUID: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(podUID) ?? Promise.resolve()
    const turn = before.then(work, work)
    this.#turns.set(podUID, turn)
    try {
      return await turn
    } finally {
      if (this.#turns.get(podUID) === turn) this.#turns.delete(podUID)
    }
  }
}

function others({ metadata }: V1Pod): string[] {
  return (metadata?.finalizers ?? []).filter((one) => one !== podFinalizer)
}

function isHeld({ metadata }: V1Pod): boolean {
  return metadata?.finalizers?.includes(podFinalizer) ?? false
}
