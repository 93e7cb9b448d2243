/** System calls that fail on demand: after `skip` calls of that name, the next `times` of them. */

import { injectFaults } from '@warmslot/memory-image/testing'

export class Faults {
  /** Since the last step began. */
  fired = 0
  paused = false
  #call = 'none'
  #skip = 0
  #times = 0
  readonly #injection = injectFaults(({ call }) => this.#decide(call))

  arm({ call, skip, times }: { call: string; skip: number; times: number }): void {
    this.#call = call
    this.#skip = skip
    this.#times = times
  }

  stop(): void {
    this.#injection[Symbol.dispose]()
  }

  #decide(call: string): string | undefined {
    if (this.paused || this.#times === 0 || (this.#call !== 'any' && this.#call !== call)) return undefined
    if (this.#skip > 0) {
      this.#skip -= 1
      return undefined
    }
    this.#times -= 1
    this.fired += 1
    return 'ENOMEM'
  }
}
