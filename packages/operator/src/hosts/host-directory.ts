/**
 * All hosts, and whether they answer: one entry for each Pod that may be one, asked who it is at intervals, and at once when its kubelet
 * says something new.
 *
 *     Pod ──seen──► unknown ──answers──► reachable ◄──answers── failing
 *                                            └───does not answer───►┘        Pod object gone: forgotten
 *
 * A host that fails is asked by nobody else until it answers again: what waits for it waits here, at the price of one question.
 *
 * `changed` is told the host when something is new that a Module may wait for.
 */
import type { V1Pod } from '@kubernetes/client-node'
import { HostAnswerError } from '../errors/host-answer-error.ts'
import { HostUnreachableError } from '../errors/host-unreachable-error.ts'
import type { HostClient } from './host-client.ts'
import type { HostIdentity, ListedModule } from './host-answers.ts'
import { type HostPod, readHostPod } from './host-pod.ts'

export interface KnownHost {
  readonly pod: HostPod
  /** Who answered last; kept while it fails. */
  readonly identity: HostIdentity | undefined
  /** Since when, by `now()`, and why it does not answer; undefined: it does, or was not asked yet. */
  readonly failing: { readonly sinceMs: number; readonly reason: string } | undefined
  /** By UID on the host; as of `listedAt`. */
  readonly modules: ReadonlyMap<string, ListedModule>
  /** When the list was asked for, by the wall clock; undefined: never. */
  readonly listedAt: Date | undefined
}

/** Whether it is known what came of the first question to it; where it has no address, nothing will. */
export function isAsked({ identity, failing, pod }: KnownHost): boolean {
  return identity !== undefined || failing !== undefined || pod.url === undefined
}

export interface HostDirectoryOptions {
  readonly client: HostClient
  /** Something is new about this host; it may have left. */
  readonly changed: (host: KnownHost) => void
  /** Between two questions to one host, in milliseconds; a tenth of it, and growing, where it fails. @default 10_000 */
  readonly probeMs?: number
  /** Monotonic, in milliseconds. @default performance.now */
  readonly now?: () => number
}

interface Entry {
  pod: HostPod
  identity: HostIdentity | undefined
  failing: { sinceMs: number; reason: string } | undefined
  modules: ReadonlyMap<string, ListedModule>
  listedAt: Date | undefined
  answeredAtMs: number | undefined
  failures: number
  timer: NodeJS.Timeout | undefined
  asking: Promise<void> | undefined
}

const noModules: ReadonlyMap<string, ListedModule> = new Map()

/**
 * How old a process is before it is given modules, in milliseconds: longer than kubelets cut off times (a second), and than a
 * container runtime takes to write down that a container has started. See `containerProof`.
 */
const settledMs = 3_000

/** Whether a process is old enough to be given modules; one that does not say counts as old. */
export function isSettled({ startedAt, now }: HostIdentity): boolean {
  return ageMs({ startedAt, now }) >= settledMs
}

function ageMs({ startedAt, now }: Pick<HostIdentity, 'startedAt' | 'now'>): number {
  return startedAt === undefined || now === undefined ? Infinity : Date.parse(now) - Date.parse(startedAt)
}

/** What controllers ask about hosts. */
export type HostLookup = Pick<HostDirectory, 'hosts' | 'get' | 'failed' | 'isPathHealthy'>

export class HostDirectory implements Disposable {
  readonly #client: HostClient
  readonly #changed: (host: KnownHost) => void
  readonly #probeMs: number
  readonly #now: () => number
  readonly #entries = new Map<string, Entry>()
  #ended = false

  constructor({ client, changed, probeMs = 10_000, now = () => performance.now() }: HostDirectoryOptions) {
    this.#client = client
    this.#changed = changed
    this.#probeMs = probeMs
    this.#now = now
  }

  /** A Pod was seen, or has changed. */
  seen(pod: V1Pod): void {
    const read = readHostPod(pod)
    const entry = this.#entries.get(read.uid)
    if (entry === undefined) {
      const fresh: Entry = {
        pod: read,
        identity: undefined,
        failing: undefined,
        modules: noModules,
        listedAt: undefined,
        answeredAtMs: undefined,
        failures: 0,
        timer: undefined,
        asking: undefined,
      }
      this.#entries.set(read.uid, fresh)
      this.#changed(fresh)
      this.#askSoon(fresh, 0)
      return
    }
    const before = entry.pod
    entry.pod = read
    if (JSON.stringify(before) === JSON.stringify(read)) return
    this.#changed(entry)
    this.#askSoon(entry, 0)
  }

  /** The Pod object is gone. That alone says nothing about its container. */
  gone(podUID: string): void {
    const entry = this.#entries.get(podUID)
    if (entry === undefined) return
    clearTimeout(entry.timer)
    this.#entries.delete(podUID)
    this.#changed(entry)
  }

  hosts(): readonly KnownHost[] {
    return [...this.#entries.values()]
  }

  get(podUID: string): KnownHost | undefined {
    return this.#entries.get(podUID)
  }

  /** A question of somebody else came to nothing: the host is asked who it is at once. */
  failed(podUID: string): void {
    const entry = this.#entries.get(podUID)
    if (entry !== undefined && entry.failing === undefined) this.#askSoon(entry, 0)
  }

  /**
   * Whether the fault is hardly on this side: another host has answered since this one has been failing for `graceMs`. Where there is
   * no other host, `otherAnswerMs` counts: when something else at the end of the same network answered last, by `now()`.
   */
  isPathHealthy(podUID: string, graceMs: number, otherAnswerMs: number | undefined): boolean {
    const failing = this.#entries.get(podUID)?.failing
    // A host without an object has no address: nothing is asked, and so nothing can be wrong with the path.
    if (failing === undefined) return true
    const others = [...this.#entries.values()]
      .filter(({ pod }) => pod.uid !== podUID && mayAnswer(pod))
      .map(({ answeredAtMs }) => answeredAtMs)
    const answers = others.length === 0 ? [otherAnswerMs] : others
    return answers.some((answeredMs) => answeredMs !== undefined && answeredMs >= failing.sinceMs + graceMs)
  }

  [Symbol.dispose](): void {
    this.#ended = true
    for (const { timer } of this.#entries.values()) clearTimeout(timer)
    this.#entries.clear()
  }

  #askSoon(entry: Entry, delayMs: number): void {
    clearTimeout(entry.timer)
    if (this.#ended || this.#entries.get(entry.pod.uid) !== entry) return
    entry.timer = setTimeout(() => {
      // One question at a time; what came up meanwhile is asked after it.
      entry.asking = (entry.asking ?? Promise.resolve()).then(() => this.#ask(entry))
    }, delayMs)
    entry.timer.unref()
  }

  async #ask(entry: Entry): Promise<void> {
    const { uid, url } = entry.pod
    // Also where the kubelet says that nothing runs there: that nobody answers has to be seen.
    if (this.#ended || url === undefined) return
    const askedMs = this.#now()
    const listedAt = new Date()
    try {
      const identity = await this.#client.identify(url)
      if (identity.podUid !== undefined && identity.podUid !== uid)
        throw new HostAnswerError(
          url,
          0,
          undefined,
          'it is the host of another pod, which has the address now',
        )
      const modules = await this.#client.list(url)
      entry.answeredAtMs = this.#now()
      const before = entry.identity
      const isNew =
        entry.failing !== undefined ||
        before?.instance !== identity.instance ||
        !isSettled(before) !== !isSettled(identity)
      const hasOthers =
        modules.length !== entry.modules.size || modules.some((one) => !entry.modules.has(one.uid))
      entry.identity = identity
      entry.failing = undefined
      entry.failures = 0
      entry.modules = new Map(modules.map((one) => [one.uid, one]))
      entry.listedAt = listedAt
      if (isNew || hasOthers) this.#changed(entry)
      this.#askSoon(entry, isSettled(identity) ? this.#probeMs : Math.max(100, settledMs - ageMs(identity)))
    } catch (error) {
      this.#failed(entry, error, askedMs)
    }
  }

  #failed(entry: Entry, error: unknown, askedMs: number): void {
    const reason = error instanceof Error ? error.message : String(error)
    const isNew = entry.failing === undefined
    entry.failing = { sinceMs: entry.failing?.sinceMs ?? askedMs, reason }
    // A host that answers with an error shows that the path is fine.
    if (!HostUnreachableError.isInstance(error)) entry.answeredAtMs = this.#now()
    entry.failures += 1
    if (isNew) this.#changed(entry)
    if (mayAnswer(entry.pod))
      this.#askSoon(entry, Math.min(this.#probeMs, (this.#probeMs / 10) * 2 ** (entry.failures - 1)))
  }
}

/** It has an address, and its kubelet does not say that nothing runs there. */
function mayAnswer({ url, container }: HostPod): boolean {
  return url !== undefined && (container.state === 'running' || container.state === 'unknown')
}
