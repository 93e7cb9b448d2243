/**
 * The handle of an exception whose values are functions of a pooled instance: the WebAssembly.Exception interface, with
 * functions exchanged for handles. Source: WebAssembly JavaScript interface, section 5.8 (Exceptions).
 *
 * Made where an exception leaves the instance, by a call or by an import that is called, and exchanged for the raw one where
 * the host throws it back in, so that the guest catches what it threw.
 */
import type { Use } from './links.ts'
import { standInFor } from './stand-in.ts'

/** Not among TypeScript's declarations yet. */
interface RawException extends Error {
  is(tag: object): boolean
  getArg(tag: object, index: number): unknown
}

export class PooledException {
  readonly #use: Use
  readonly #raw: RawException

  constructor(use: Use, raw: RawException) {
    this.#use = use
    this.#raw = raw
    const { stack } = raw
    if (stack !== undefined)
      Object.defineProperty(this, 'stack', { value: stack, configurable: true, writable: true })
  }

  is(tag: object): boolean {
    return this.#raw.is(tag)
  }

  /** @throws InstanceReleasedError for a value that is a function, once the use is over */
  getArg(tag: object, index: number): unknown {
    const value = this.#raw.getArg(tag, index)
    if (typeof value === 'function') this.#use.gate.pass('function')
    return this.#use.exchange.toHost(value)
  }

  static rawOf(exception: PooledException): RawException {
    return exception.#raw
  }
}

standInFor(PooledException, 'Exception')

/** What the host may see of an error: in place of an exception with one of `tags` a handle of it. */
export function exceptionToHost(use: Use, tags: readonly object[], error: unknown): unknown {
  const { Exception } = WebAssembly as unknown as { readonly Exception: new () => RawException }
  if (!(error instanceof Exception) || error instanceof PooledException) return error
  const raw: RawException = error
  return tags.some((tag) => raw.is(tag)) ? new PooledException(use, raw) : error
}

/** What the instance may see of an error that the host throws. */
export function exceptionToInstance(error: unknown): unknown {
  return error instanceof PooledException ? PooledException.rawOf(error) : error
}
