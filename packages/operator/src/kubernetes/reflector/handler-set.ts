/** Handlers of changes, called one after the other. One that throws is reported, and does not keep the others from being called. */
import type { Change } from './object-store.ts'
import type { ReflectorHandlers } from './reflector-options.ts'

export class HandlerSet<T> {
  readonly #handlers = new Set<ReflectorHandlers<T>>()
  readonly #onError: (error: unknown) => void

  /** @param onError must not throw */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  /** @param present told as added @returns call it to take them out again */
  add(handlers: ReflectorHandlers<T>, present: readonly T[]): () => void {
    this.#handlers.add(handlers)
    for (const object of present) this.#tell(handlers, { type: 'added', object })
    return () => void this.#handlers.delete(handlers)
  }

  clear(): void {
    this.#handlers.clear()
  }

  tell(changes: readonly Change<T>[]): void {
    for (const change of changes) for (const handlers of this.#handlers) this.#tell(handlers, change)
  }

  #tell(handlers: ReflectorHandlers<T>, change: Change<T>): void {
    try {
      if (change.type === 'updated') handlers.updated?.(change.object, change.old)
      else handlers[change.type]?.(change.object)
    } catch (error) {
      this.#onError(error)
    }
  }
}
