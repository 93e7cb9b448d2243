/** What is known of a resource's objects, by key and by indexes. Objects are shared with all who ask: nobody may change them. */
import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import { type ApiObject, keyOf, type ObjectKey } from '../object.ts'

/** Under which values an object is found. */
export type Indexer<T> = (object: T) => readonly string[]

/** For readers. */
export interface Store<T> {
  readonly size: number
  get(key: ObjectKey): T | undefined
  list(): T[]
  /** @throws InvalidOptionError there is no such index */
  byIndex(index: string, value: string): T[]
}

export type Change<T> =
  | { readonly type: 'added'; readonly object: T }
  | { readonly type: 'updated'; readonly object: T; readonly old: T }
  /** With the state that was known last. */
  | { readonly type: 'deleted'; readonly object: T }

export class ObjectStore<T extends ApiObject> implements Store<T> {
  readonly #objects = new Map<ObjectKey, T>()
  readonly #indexes = new Map<
    string,
    { readonly indexer: Indexer<T>; readonly keys: Map<string, Set<ObjectKey>> }
  >()

  constructor(indexers: Readonly<Record<string, Indexer<T>>> = {}) {
    for (const [name, indexer] of Object.entries(indexers))
      this.#indexes.set(name, { indexer, keys: new Map<string, Set<ObjectKey>>() })
  }

  get size(): number {
    return this.#objects.size
  }

  get(key: ObjectKey): T | undefined {
    return this.#objects.get(key)
  }

  list(): T[] {
    return [...this.#objects.values()]
  }

  byIndex(index: string, value: string): T[] {
    const found = this.#indexes.get(index)
    if (found === undefined)
      throw new InvalidOptionError('index', `one of ${[...this.#indexes.keys()].join(', ')}`, index)
    return [...(found.keys.get(value) ?? [])].map((key) => this.#objects.get(key)!)
  }

  /** @returns what has changed: of an object that has replaced another of its name, that the other one is gone, too */
  put(object: T): Change<T>[] {
    const key = keyOf(object)
    const old = this.#objects.get(key)
    if (old !== undefined) this.#unindex(key, old)
    this.#objects.set(key, object)
    this.#index(key, object)
    if (old === undefined) return [{ type: 'added', object }]
    if (old.metadata?.uid === object.metadata?.uid) return [{ type: 'updated', object, old }]
    return [
      { type: 'deleted', object: old },
      { type: 'added', object },
    ]
  }

  /** @param last its last state @returns what has changed: nothing where it is not there, or another one is */
  remove(last: T): Change<T>[] {
    const key = keyOf(last)
    const old = this.#objects.get(key)
    if (old === undefined || old.metadata?.uid !== last.metadata?.uid) return []
    this.#unindex(key, old)
    this.#objects.delete(key)
    return [{ type: 'deleted', object: last }]
  }

  /** These are all that there are. @returns what has changed: first what is gone */
  replaceAll(objects: readonly T[]): Change<T>[] {
    const present = new Set(objects.map((object) => keyOf(object)))
    const gone = [...this.#objects]
      .filter(([key]) => !present.has(key))
      .flatMap(([, object]) => this.remove(object))
    const changes = objects.flatMap((object) => (this.#has(object) ? [] : this.put(object)))
    return [...gone, ...changes]
  }

  /** Whether exactly this version is known. */
  #has(object: T): boolean {
    const known = this.#objects.get(keyOf(object))?.metadata
    const { uid, resourceVersion } = object.metadata ?? {}
    return resourceVersion !== undefined && known?.uid === uid && known?.resourceVersion === resourceVersion
  }

  #index(key: ObjectKey, object: T): void {
    for (const { indexer, keys } of this.#indexes.values()) {
      for (const value of indexer(object)) {
        const set = keys.get(value)
        if (set === undefined) keys.set(value, new Set([key]))
        else set.add(key)
      }
    }
  }

  #unindex(key: ObjectKey, object: T): void {
    for (const { indexer, keys } of this.#indexes.values()) {
      for (const value of indexer(object)) {
        const set = keys.get(value)
        set?.delete(key)
        if (set?.size === 0) keys.delete(value)
      }
    }
  }
}
