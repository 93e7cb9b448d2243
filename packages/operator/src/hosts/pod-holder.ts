/**
 * Holds the Pod objects of hosts that ledgers name (docs/decisions/19): without the object, the kubelet's last word about the container
 * would be lost, and a Module could never be proved gone from there.
 *
 *     no finalizer ──hold(), before a module is sent──► finalizer ──no ledger names the pod any more──► no finalizer
 *
 * Per pod one thing at a time: a release that is under way and a hold that comes meanwhile end with the finalizer there.
 *
 * Errors: those of the API server; the caller tries again.
 */
import type { V1Pod } from '@kubernetes/client-node'
import { KubernetesApiError } from '../kubernetes/errors/kubernetes-api-error.ts'
import { addFinalizer, removeFinalizer } from '../kubernetes/finalizer.ts'
import type { ApiClient } from '../kubernetes/cluster/api-client.ts'
import { pods } from '../kubernetes/resource.ts'
import { podFinalizer } from '../resource/module.ts'
import { Latest } from '../controller/latest.ts'

export class PodHolder {
  readonly #cluster: ApiClient
  readonly #find: (podUID: string) => V1Pod | undefined
  readonly #isNeeded: (podUID: string) => boolean
  readonly #latest = new Latest<V1Pod>()
  /** The last thing that is being done with a pod. */
  readonly #turns = new Map<string, Promise<unknown>>()

  /**
   * @param find the pod, as the watch has it
   * @param isNeeded whether a ledger names it in a record that is not proved
   */
  constructor(
    cluster: ApiClient,
    find: (podUID: string) => V1Pod | undefined,
    isNeeded: (podUID: string) => boolean,
  ) {
    this.#cluster = cluster
    this.#find = find
    this.#isNeeded = isNeeded
  }

  /** Resolves to true once the pod is held; to false where it is gone, or about to go: nothing may be sent there. */
  hold(podUID: string): Promise<boolean> {
    return this.#inTurn(podUID, async () => {
      const pod = this.#pod(podUID)
      if (pod === undefined || pod.metadata?.deletionTimestamp != null) return false
      if (isHeld(pod)) return true
      return await this.#write(pod, () => addFinalizer(this.#cluster, pods, pod, podFinalizer))
    })
  }

  /** Lets the object go where nobody needs it. */
  releaseUnneeded(podUID: string): Promise<void> {
    return this.#inTurn(podUID, async () => {
      const pod = this.#pod(podUID)
      if (pod === undefined || !isHeld(pod) || this.#isNeeded(podUID)) return
      await this.#write(pod, () => removeFinalizer(this.#cluster, pods, pod, podFinalizer))
    })
  }

  #pod(podUID: string): V1Pod | undefined {
    const seen = this.#find(podUID)
    return seen && this.#latest.of(seen)
  }

  async #write(pod: V1Pod, change: () => Promise<V1Pod | undefined>): Promise<boolean> {
    try {
      const changed = await change()
      if (changed !== undefined) this.#latest.wrote(changed)
      return changed !== undefined
    } catch (error) {
      this.#latest.forget(pod.metadata?.uid)
      if (KubernetesApiError.isInstance(error) && error.isNotFound) return false
      throw error
    }
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

function isHeld({ metadata }: V1Pod): boolean {
  return metadata?.finalizers?.includes(podFinalizer) ?? false
}
