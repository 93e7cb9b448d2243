/**
 * The handle of an exported global: the WebAssembly.Global interface, with functions exchanged for handles.
 * Source: WebAssembly JavaScript interface, section 5.5 (Globals).
 */
import type { Exchange } from './function-handle.ts'
import type { Gate } from './gate.ts'

export class PooledGlobal {
  readonly #gate: Gate
  readonly #raw: WebAssembly.Global
  readonly #exchange: Exchange

  constructor(gate: Gate, raw: WebAssembly.Global, exchange: Exchange) {
    this.#gate = gate
    this.#raw = raw
    this.#exchange = exchange
  }

  /** @throws InstanceReleasedError, as all of this class. */
  get value(): unknown {
    this.#gate.pass('global')
    return this.#exchange.toHost(this.#raw.value)
  }

  set value(value: unknown) {
    this.#gate.pass('global')
    this.#raw.value = this.#exchange.toInstance(value)
  }

  valueOf(): unknown {
    return this.value
  }

  /** The raw global behind a handle, for an import of another instance. */
  static rawOf(handle: PooledGlobal): WebAssembly.Global {
    handle.#gate.pass('global')
    return handle.#raw
  }
}

Object.setPrototypeOf(PooledGlobal.prototype, WebAssembly.Global.prototype)
