/**
 * Purges what hosts have of Modules that are not there any more: somebody has taken the finalizer away by hand, or hosts were cut off while
 * a human let a Module go. The image of a module that is gone shall be on no host, whatever happened.
 *
 * Only what this operator has put there, by its owner's name; and only after it has been without a Module for a while, since a watch may be late.
 */
import type { HostClient } from './host-client.ts'
import type { KnownHost } from './host-directory.ts'

export interface OrphanSweeperOptions {
  readonly client: HostClient
  readonly owner: string
  /** Whether a Module has this UID; undefined: nobody can tell now. */
  readonly isKnown: (moduleUID: string) => boolean | undefined
  /** Told of each that was purged, and of each that could not be. */
  readonly swept: (host: KnownHost, hostUID: string, error: unknown) => void
  /** How long one must have been without a Module, in milliseconds. @default 60_000 */
  readonly graceMs?: number
  /** Monotonic. @default performance.now */
  readonly now?: () => number
}

export class OrphanSweeper {
  readonly #options: Required<OrphanSweeperOptions>
  /** By pod and UID there: since when. */
  readonly #since = new Map<string, number>()

  constructor(options: OrphanSweeperOptions) {
    this.#options = { graceMs: 60_000, now: () => performance.now(), ...options }
  }

  /** Looks once at all hosts' lists. */
  async sweep(hosts: readonly KnownHost[]): Promise<void> {
    const { now, graceMs } = this.#options
    const found = hosts.flatMap((host) =>
      this.#orphansOf(host).map((hostUID) => ({ host, hostUID, key: `${host.pod.uid}/${hostUID}` })),
    )
    const keys = new Set(found.map(({ key }) => key))
    for (const key of this.#since.keys()) if (!keys.has(key)) this.#since.delete(key)
    for (const { key } of found) if (!this.#since.has(key)) this.#since.set(key, now())
    const due = found.filter(({ key }) => now() - (this.#since.get(key) ?? Infinity) >= graceMs)
    // One after the other: nobody waits for it.
    for (const { host, hostUID } of due) await this.#purge(host, hostUID)
  }

  #orphansOf({ failing, modules }: KnownHost): string[] {
    if (failing !== undefined) return []
    const { owner, isKnown } = this.#options
    const owned = [...modules.values()].filter((one) => one.owner === owner)
    return owned.filter(({ uid }) => isKnown(uid.split('.')[0]!) === false).map(({ uid }) => uid)
  }

  async #purge(host: KnownHost, hostUID: string): Promise<void> {
    const { client, swept } = this.#options
    const listed = host.modules.get(hostUID)
    if (listed === undefined || host.pod.url === undefined) return
    const { digest, name } = listed
    try {
      await client.purge(host.pod.url, host.identity?.instance, { hostUID, digest, name }, 0)
      swept(host, hostUID, undefined)
    } catch (error) {
      swept(host, hostUID, error)
    }
  }
}
