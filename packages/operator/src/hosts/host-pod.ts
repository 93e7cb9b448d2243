/** What a Pod object says of a host: where it is, and what its kubelet says of its container. */
import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node'
import { forceReleaseAnnotation } from '../resource/module.ts'

/** The port of the administration where no container names one `admin`. */
const defaultAdminPort = 8081

export interface HostPod {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  readonly labels: Readonly<Record<string, string>>
  readonly node: string | undefined
  /** Where its administration is: `http://ADDRESS:PORT`; undefined before it has an address. */
  readonly url: string | undefined
  readonly container: HostContainer
  /** Its kubelet says that it is ready. */
  readonly ready: boolean
  readonly deleting: boolean
  /** A human has said that its container is gone: the annotation `warmslot.dev/force-release` has the pod's UID. */
  readonly forced: boolean
}

/** A kubelet's word about the container that runs the host; times are of its node's clock, in milliseconds, cut to seconds. */
export interface HostContainer {
  readonly id: string | undefined
  readonly state: 'running' | 'terminated' | 'waiting' | 'unknown'
  readonly startedAtMs: number | undefined
  readonly finishedAtMs: number | undefined
  /** The one before it, where the kubelet knows of one. */
  readonly previous:
    | { readonly id: string | undefined; readonly finishedAtMs: number | undefined }
    | undefined
}

export function readHostPod(pod: V1Pod): HostPod {
  const { metadata, spec, status } = pod
  const container = spec?.containers.find(({ ports }) => ports?.some(({ name }) => name === 'admin'))
  const port = container?.ports?.find(({ name }) => name === 'admin')?.containerPort ?? defaultAdminPort
  const containerName = (container ?? spec?.containers[0])?.name
  const address = status?.podIP
  return {
    name: metadata?.name ?? '',
    namespace: metadata?.namespace ?? '',
    uid: metadata?.uid ?? '',
    labels: metadata?.labels ?? {},
    node: spec?.nodeName,
    url: address ? `http://${address.includes(':') ? `[${address}]` : address}:${port}` : undefined,
    container: readContainer(status?.containerStatuses?.find(({ name }) => name === containerName)),
    ready: status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false,
    deleting: metadata?.deletionTimestamp != null,
    forced: metadata?.uid !== undefined && metadata.annotations?.[forceReleaseAnnotation] === metadata.uid,
  }
}

function readContainer(status: V1ContainerStatus | undefined): HostContainer {
  const { running, terminated, waiting } = status?.state ?? {}
  const before = status?.lastState?.terminated
  return {
    id: status?.containerID ?? terminated?.containerID,
    state: running ? 'running' : terminated ? 'terminated' : waiting ? 'waiting' : 'unknown',
    startedAtMs: time(running?.startedAt ?? terminated?.startedAt),
    finishedAtMs: time(terminated?.finishedAt),
    previous: before && { id: before.containerID, finishedAtMs: time(before.finishedAt) },
  }
}

/** Dates come as text from a watch and as objects from a typed client; a kubelet that does not know one says the year 1. */
function time(value: Date | string | null | undefined): number | undefined {
  if (value == null) return undefined
  const milliseconds = new Date(value).getTime()
  return milliseconds > 0 ? milliseconds : undefined
}
