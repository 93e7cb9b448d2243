/**
 * Writes a Module's status where it has changed, at the version of the object that it was made from: the API server refuses it with a conflict
 * where that is not the last one. Numbers that change by themselves are written with something else, or, where they have changed much, at intervals.
 */
import type { ApiClient } from '../kubernetes/cluster/api-client.ts'
import { objectPath } from '../kubernetes/resource.ts'
import type { Module, ModuleStatus } from '../resource/module.ts'
import { moduleResource } from '../resource/module-resource.ts'
import type { Latest } from './latest.ts'
import { areFar } from './numbers.ts'

export interface StatusWriterOptions {
  readonly cluster: ApiClient
  readonly latest: Latest<Module>
  /** Between two writes of one Module that only have other numbers, in milliseconds. @default 30_000 */
  readonly numbersIntervalMs?: number
  /** Monotonic. @default performance.now */
  readonly now?: () => number
}

export class StatusWriter {
  readonly #cluster: ApiClient
  readonly #latest: Latest<Module>
  readonly #numbersIntervalMs: number
  readonly #now: () => number
  /** By UID: when its status, and so its numbers, were written last. */
  readonly #writtenAtMs = new Map<string, number>()

  constructor({
    cluster,
    latest,
    numbersIntervalMs = 30_000,
    now = () => performance.now(),
  }: StatusWriterOptions) {
    this.#cluster = cluster
    this.#latest = latest
    this.#numbersIntervalMs = numbersIntervalMs
    this.#now = now
  }

  /** @returns the object as it is then @throws KubernetesError */
  async write(module: Module, status: ModuleStatus): Promise<Module> {
    const { namespace = '', name = '', uid = '', resourceVersion } = module.metadata
    const before = module.status ?? {}
    if (!this.#isWorthIt(uid, before, status)) return module
    const path = objectPath(moduleResource, { namespace, name }, 'status')
    // A merge patch leaves what it does not name: what has gone is named as null.
    const gone = Object.fromEntries(Object.keys(before).map((field) => [field, null]))
    const body = { metadata: { uid, resourceVersion }, status: { ...gone, ...status } }
    const contentType = 'application/merge-patch+json'
    const written = await this.#cluster.request<Module>({ method: 'PATCH', path, body, contentType })
    this.#writtenAtMs.set(uid, this.#now())
    this.#latest.wrote(written)
    return written
  }

  /** Whether numbers of this Module that are far from those that its status has are written by themselves now, or only later. */
  mayWriteNumbers(uid: string): boolean {
    return this.#now() - (this.#writtenAtMs.get(uid) ?? -Infinity) >= this.#numbersIntervalMs
  }

  /** The Module is gone. */
  forget(uid: string): void {
    this.#writtenAtMs.delete(uid)
  }

  #isWorthIt(uid: string, before: ModuleStatus, after: ModuleStatus): boolean {
    if (text(withoutNumbers(before)) !== text(withoutNumbers(after))) return true
    return areFar(before, after) && this.mayWriteNumbers(uid)
  }
}

function withoutNumbers({ affineSlots: _slots, residentBytes: _bytes, ...rest }: ModuleStatus): ModuleStatus {
  return rest
}

/** The same for the same fields, in whatever order. */
function text(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
