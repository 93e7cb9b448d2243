/**
 * Knows all objects of a resource, and keeps on knowing them: a list, then a watch from there, again and again.
 *
 *     list ──► watch ──ends──► watch from the last resource version
 *       ▲        └──410──► list, at once the first time
 *       └── all other failures wait (back-off), and then go on where they were
 *
 * Guarantees: it never stops by itself, whatever the server answers (rights that are taken away and given back, too). Handlers see each
 * object's states in order, never an older one after a newer; they may miss states in between, never the last one. What went while
 * nobody watched is told as deleted. An object that replaced another of its name is told as deleted and added.
 *
 * Assumptions: the resource versions of the resource can be compared (see resource-version.ts). A list that is older than what was known
 * is a failure; one that stays so is a server that was restored from a backup, and counts after five times.
 *
 * Errors: none but InvalidOptionError of the constructor; failures are told to `onError`, and `isSilent` tells of their lasting.
 */
import type { ListQuery } from './cluster/api-client.ts'
import { KubernetesApiError } from './errors/kubernetes-api-error.ts'
import { KubernetesConnectionError } from './errors/kubernetes-connection-error.ts'
import { KubernetesProtocolError } from './errors/kubernetes-protocol-error.ts'
import { type ApiObject, keyOf } from './object.ts'
import { HandlerSet } from './reflector/handler-set.ts'
import { listWhole } from './reflector/list-pages.ts'
import { ObjectStore, type Store } from './reflector/object-store.ts'
import {
  type ReflectorHandlers,
  type ReflectorOptions,
  resolveReflectorOptions,
  type ResolvedReflectorOptions,
} from './reflector/reflector-options.ts'
import type { WatchEvent } from './reflector/watch-events.ts'
import { watchOnce } from './reflector/watch-once.ts'
import { isOlder } from './resource-version.ts'
import { BackOff } from './time/back-off.ts'
import { wait } from './time/clock.ts'

/** `failing`: the last attempt failed; it waits, or tries again. */
export type ReflectorState = 'new' | 'listing' | 'watching' | 'failing' | 'stopped'

/** A watch that ends sooner than this and has brought nothing counts as a failure: else it would be asked for without a pause. */
const shortWatchMs = 1_000
/** So many older lists in a row are the state that there is. */
const maxOlderLists = 5
const maxRetryAfterMs = 300_000

export class Reflector<T extends ApiObject> implements AsyncDisposable {
  readonly #options: ResolvedReflectorOptions<T>
  readonly #query: ListQuery
  readonly #store: ObjectStore<T>
  readonly #handlers = new HandlerSet<T>((error) => this.#report(error, 'handler', 0))
  readonly #backOff: BackOff
  readonly #stop = new AbortController()
  readonly #synced = Promise.withResolvers<void>()
  #running: Promise<void> | undefined
  #state: ReflectorState = 'new'
  #hasSynced = false
  #lastError: unknown
  #lastActivityAt: number
  /** From where to watch; undefined: a list is needed. */
  #resourceVersion: string | undefined
  /** The newest that was ever told. */
  #newest: string | undefined
  #olderLists = 0
  /** It was told 410, and has had no event since. */
  #wasGone = false

  /** Does nothing before `start`. @throws InvalidOptionError */
  constructor(options: ReflectorOptions<T>) {
    this.#options = resolveReflectorOptions(options)
    const { namespace, labelSelector, fieldSelector, indexers, handlers, backOff, random, clock } =
      this.#options
    this.#query = { namespace, labelSelector, fieldSelector }
    this.#store = new ObjectStore(indexers)
    if (handlers !== undefined) this.#handlers.add(handlers, [])
    this.#backOff = new BackOff(backOff, random)
    this.#lastActivityAt = clock.now()
    // Nobody may wait for it.
    this.#synced.promise.catch(() => undefined)
  }

  get store(): Store<T> {
    return this.#store
  }

  get state(): ReflectorState {
    return this.#state
  }

  /** Of the last attempt; undefined after a success. */
  get lastError(): unknown {
    return this.#lastError
  }

  /** Whether the first list is in the store, and handlers have been told. */
  get hasSynced(): boolean {
    return this.#hasSynced
  }

  /** Resolves with the first list; rejects when it is stopped before. */
  get synced(): Promise<void> {
    return this.#synced.promise
  }

  /** When the server sent anything last, by the monotonic clock, in milliseconds. */
  get lastActivityAt(): number {
    return this.#lastActivityAt
  }

  /** Whether the server has sent nothing for so long, not even a bookmark: what the store says may be old. */
  isSilent(forMs: number): boolean {
    return this.#options.clock.now() - this.#lastActivityAt > forMs
  }

  /** Begins. Calls after the first do nothing. */
  start(): void {
    this.#running ??= this.#run()
  }

  /** More handlers; they are told of all that is there as added. @returns call it to end that */
  subscribe(handlers: ReflectorHandlers<T>): () => void {
    return this.#handlers.add(handlers, this.#store.list())
  }

  /** Stops; no handler is called afterwards. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#handlers.clear()
    const stopped = new KubernetesConnectionError(
      'closed',
      `The reflector of ${this.#options.resource.plural} was stopped.`,
    )
    this.#stop.abort(stopped)
    this.#synced.reject(stopped)
    await this.#running
    this.#state = 'stopped'
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      let delayMs: number
      const phase = this.#resourceVersion === undefined ? 'list' : 'watch'
      try {
        delayMs = phase === 'list' ? await this.#list() : await this.#watch(this.#resourceVersion!)
      } catch (error) {
        if (signal.aborted) return
        delayMs = this.#failed(error, phase)
      }
      if (delayMs > 0) await wait(this.#options.clock, delayMs, signal)
    }
  }

  async #list(): Promise<number> {
    this.#state = this.#lastError === undefined ? 'listing' : 'failing'
    const { cluster, resource, listTimeoutMs } = this.#options
    const query = { ...this.#query, signal: this.#stop.signal, timeoutMs: listTimeoutMs }
    const list = await listWhole<T>(cluster, resource, query, this.#options, () => this.#active())
    if (isOlder(list.resourceVersion, this.#newest) && ++this.#olderLists < maxOlderLists)
      throw new KubernetesProtocolError(
        `The list of ${resource.plural} is of resource version ${list.resourceVersion}, older than ${this.#newest}, which was known.`,
      )
    this.#olderLists = 0
    this.#newest = list.resourceVersion
    this.#resourceVersion = list.resourceVersion
    this.#lastError = undefined
    if (!this.#wasGone) this.#backOff.reset()
    this.#handlers.tell(this.#store.replaceAll(list.items.map((object) => this.#transformed(object))))
    if (!this.#hasSynced && !this.#stop.signal.aborted) {
      this.#hasSynced = true
      this.#synced.resolve()
    }
    return 0
  }

  async #watch(resourceVersion: string): Promise<number> {
    const { minimumWatchSeconds, clock, random } = this.#options
    const startMs = clock.now()
    let count = 0
    const events = watchOnce<T>({
      ...this.#options,
      query: this.#query,
      resourceVersion,
      timeoutSeconds: Math.ceil(minimumWatchSeconds * (1 + random())),
      signal: this.#stop.signal,
      onBegin: () => {
        this.#state = 'watching'
        this.#active()
      },
      onBytes: () => this.#active(),
    })
    for await (const event of events) {
      if (this.#stop.signal.aborted) return 0
      count += 1
      this.#take(event)
      this.#backOff.reset()
      this.#wasGone = false
      this.#lastError = undefined
    }
    if (count > 0 || clock.now() - startMs >= shortWatchMs) return 0
    const message = `The watch of ${this.#options.resource.plural} ended at once, without an event.`
    throw new KubernetesConnectionError('network', message)
  }

  #take({ type, object }: WatchEvent<T>): void {
    const version = object.metadata?.resourceVersion
    if (version === undefined)
      throw new KubernetesProtocolError('An event of the watch has no resourceVersion.')
    const isBehind = isOlder(version, this.#resourceVersion)
    if (isBehind && type === 'BOOKMARK') {
      this.#resourceVersion = undefined
      throw new KubernetesProtocolError(`The watch went back to resource version ${version}.`)
    }
    if (type !== 'BOOKMARK') this.#takeObject(type, object)
    if (isBehind) return
    this.#resourceVersion = version
    this.#newest = version
  }

  #takeObject(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: T): void {
    const known = this.#store.get(keyOf(object))?.metadata
    if (
      known?.uid === object.metadata?.uid &&
      isOlder(object.metadata?.resourceVersion, known?.resourceVersion)
    )
      return
    const kept = this.#transformed(object)
    this.#handlers.tell(type === 'DELETED' ? this.#store.remove(kept) : this.#store.put(kept))
  }

  /** @returns when to try again, in milliseconds */
  #failed(error: unknown, phase: 'list' | 'watch'): number {
    const refusal = KubernetesApiError.isInstance(error) ? error : undefined
    if (phase === 'watch' && refusal !== undefined) {
      const { isGone, isTransient, status } = refusal
      // Rights may come back; what else the server does not understand of this watch, a list may mend.
      if (isGone || !(isTransient || status === 401 || status === 403)) this.#resourceVersion = undefined
      if (isGone && !this.#wasGone) {
        this.#wasGone = true
        return 0
      }
    }
    this.#lastError = error
    this.#state = 'failing'
    const retryAfterMs = Math.min((refusal?.retryAfterSeconds ?? 0) * 1000, maxRetryAfterMs)
    const retryInMs = Math.max(this.#backOff.next(), retryAfterMs)
    this.#report(error, phase, retryInMs)
    return retryInMs
  }

  #active(): void {
    this.#lastActivityAt = this.#options.clock.now()
  }

  #transformed(object: T): T {
    try {
      return this.#options.transform?.(object) ?? object
    } catch (error) {
      this.#report(error, 'handler', 0)
      return object
    }
  }

  #report(error: unknown, phase: 'list' | 'watch' | 'handler', retryInMs: number): void {
    try {
      this.#options.onError?.({ error, phase, failures: this.#backOff.failures, retryInMs })
    } catch {
      // Who listens must not stop it.
    }
  }
}
