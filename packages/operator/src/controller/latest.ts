/**
 * What this process has written, until the watch shows it: a controller that judged by its cache alone would write the same again, and
 * meet a conflict.
 */
import type { ApiObject } from '../kubernetes/object.ts'
import { isOlder } from '../kubernetes/resource-version.ts'

export class Latest<T extends ApiObject> {
  readonly #written = new Map<string, T>()
  readonly #onWrote: (object: T) => void

  /** @param onWrote told of each write */
  constructor(onWrote: (object: T) => void = () => undefined) {
    this.#onWrote = onWrote
  }

  /** What came back from a write. */
  wrote(object: T): void {
    const uid = object.metadata?.uid
    if (uid !== undefined) this.#written.set(uid, object)
    this.#onWrote(object)
  }

  /** The newer of what the watch has shown and what was written; what was written is forgotten once it is not newer. */
  of(seen: T): T {
    const uid = seen.metadata?.uid ?? ''
    const written = this.#written.get(uid)
    if (written === undefined) return seen
    if (isOlder(seen.metadata?.resourceVersion, written.metadata?.resourceVersion)) return written
    this.#written.delete(uid)
    return seen
  }

  /** The object is gone. After a conflict it would be wrong: what was written is newer still than what the watch has shown. */
  forget(uid: string | undefined): void {
    if (uid !== undefined) this.#written.delete(uid)
  }
}
