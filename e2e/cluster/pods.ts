/** Pods of hosts and operators. */
import { get, list, remove } from './api.ts'
import { hostSelector, operatorSelector, systemNamespace } from './names.ts'
import { NotYet, waitFor } from './wait-for.ts'

export interface Pod {
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly deletionTimestamp?: string
    readonly finalizers?: readonly string[]
  }
  readonly spec: { readonly nodeName?: string }
  readonly status?: {
    readonly phase?: string
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
    readonly containerStatuses?: readonly {
      readonly containerID?: string
      readonly state?: { readonly terminated?: object }
    }[]
  }
}

const pods = `/api/v1/namespaces/${systemNamespace}/pods`

export function isReady(pod: Pod): boolean {
  const ready = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
  return ready === true && pod.metadata.deletionTimestamp === undefined
}

export function describePods(found: readonly Pod[]): string {
  const one = ({ metadata, spec, status }: Pod): string =>
    `${metadata.name} on ${spec.nodeName} ${status?.phase}${metadata.deletionTimestamp === undefined ? '' : ' being deleted'}${metadata.finalizers === undefined ? '' : ` (${metadata.finalizers.join(', ')})`}`
  return found.length === 0 ? 'no pod' : found.map(one).join('; ')
}

export async function hostPods(): Promise<readonly Pod[]> {
  return list<Pod>(`${pods}?labelSelector=${encodeURIComponent(hostSelector)}`)
}

export async function operatorPods(): Promise<readonly Pod[]> {
  return list<Pod>(`${pods}?labelSelector=${encodeURIComponent(operatorSelector)}`)
}

/** One host on each of so many nodes, all Ready, none of them on its way out. */
export async function hostsAreReady(count: number): Promise<readonly Pod[]> {
  return waitFor(`${count} hosts, all Ready`, 180_000, async () => {
    const found = await hostPods()
    return found.length === count && found.every(isReady) ? found : new NotYet(describePods(found))
  })
}

export async function operatorsAreReady(): Promise<void> {
  await waitFor('two operators, both Ready', 180_000, async () => {
    const found = await operatorPods()
    return found.length === 2 && found.every(isReady) ? true : new NotYet(describePods(found))
  })
}

/** That very pod, not a namesake. */
export async function podIs({ metadata: { name, uid } }: Pod): Promise<Pod | undefined> {
  const found = await get<Pod>(`${pods}/${name}`)
  return found?.metadata.uid === uid ? found : undefined
}

/** As `kubectl delete pod --force --grace-period=0`: the object goes at once, if no finalizer holds it. */
export async function deletePodByForce({ metadata: { name } }: Pod): Promise<void> {
  await remove(`${pods}/${name}`, { graceSeconds: 0 })
}
