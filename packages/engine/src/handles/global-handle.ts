/**
 * The handle of an exported global: the WebAssembly.Global interface, with functions exchanged for handles.
 * Source: WebAssembly JavaScript interface, section 5.5 (Globals).
 */
import type { Use } from './links.ts'
import { Sharers } from './sharers.ts'
import { standInFor } from './stand-in.ts'

export class PooledGlobal {
  readonly #use: Use
  readonly #raw: WebAssembly.Global
  readonly #carriesFunctions: boolean
  #sharers: Sharers | undefined

  constructor(use: Use, raw: WebAssembly.Global, carriesFunctions: boolean) {
    this.#use = use
    this.#raw = raw
    this.#carriesFunctions = carriesFunctions
  }

  /** @throws InstanceReleasedError, as all of this class. */
  get value(): unknown {
    this.#pass()
    const { value } = this.#raw
    return this.#carriesFunctions ? this.#use.exchange.toHost(value) : value
  }

  set value(value: unknown) {
    this.#pass()
    this.#use.gate.during(() => {
      this.#raw.value = this.#carriesFunctions ? this.#use.exchange.toInstance(value) : value
    })
  }

  valueOf(): unknown {
    return this.value
  }

  #pass(): void {
    if (this.#sharers?.live !== true) this.#use.gate.pass('global')
  }

  static useOf(global: PooledGlobal): Use {
    return global.#use
  }

  /** The raw global, for `user` who imports it: the handle stays usable until all who have it are released. */
  static share(global: PooledGlobal, user: Use): WebAssembly.Global {
    global.#pass()
    global.#sharers ??= new Sharers(global.#use)
    global.#sharers.add(user)
    return global.#raw
  }
}

standInFor(PooledGlobal, 'Global')
