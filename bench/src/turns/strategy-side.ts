/** Many modules in turn on the slots of one engine, one use at a time, with the hits that its strategy makes. */
import { type AllocationStrategy } from '@warmslot/index-allocator'
import { Engine, type PooledModule } from '@warmslot/engine'

import { callExport } from '../uses/use-case.ts'
import { type Side, untimedUses } from '../peers/side.ts'

/** Counted in timed uses only. */
export interface Hits {
  /** Of all uses, the share that found the module's own image in its slot. */
  readonly hitRate: number
  /** Of all uses, the share that took a slot from another module. */
  readonly stealRate: number
}

export class StrategySide implements Side, AsyncDisposable {
  readonly share = 1
  readonly #engine: Engine
  readonly #modules: PooledModule[] = []
  readonly #imports = {}
  #turn = 0
  #uses = 0
  #hits = 0
  #steals = 0

  private constructor(slots: number, strategy: AllocationStrategy) {
    this.#engine = new Engine({ slots, maxMemoryBytes: 16 * 2 ** 20, strategy })
  }

  /** The same guest as so many modules: each has an image of its own. Every slot is used once, which makes its address space. */
  static async make(
    guest: Uint8Array<ArrayBuffer>,
    modules: number,
    slots: number,
    strategy: AllocationStrategy,
  ): Promise<StrategySide> {
    const side = new StrategySide(slots, strategy)
    for (let count = 0; count < modules; count += 1) side.#modules.push(await side.#engine.compile(guest))
    const all = Array.from({ length: slots }, (_, slot) =>
      side.#engine.instantiate(side.#modules[slot % modules]!, side.#imports),
    )
    for (const instance of all) instance.release()
    return side
  }

  round(uses: number): Float64Array {
    this.#times(untimedUses(uses))
    const before = this.#engine.metrics().pool
    const durations = this.#times(uses)
    const after = this.#engine.metrics().pool
    this.#uses += uses
    this.#hits += after.hits - before.hits
    this.#steals += after.steals - before.steals
    return durations
  }

  hits(): Hits {
    return { hitRate: this.#hits / this.#uses, stealRate: this.#steals / this.#uses }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine.close()
  }

  #times(uses: number): Float64Array {
    const durations = new Float64Array(uses)
    for (let use = 0; use < uses; use += 1) {
      const module = this.#modules[this.#turn++ % this.#modules.length]!
      const start = performance.now()
      const instance = this.#engine.instantiate(module, this.#imports)
      callExport(instance.exports, 'run', 1)
      instance.release()
      durations[use] = performance.now() - start
    }
    return durations
  }
}
