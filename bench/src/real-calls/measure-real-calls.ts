/**
 * One real use of a published module with its published glue: a script, a query, a file to compile, a drawing. Natively and
 * in the pool by turns; between the rounds all garbage is collected, outside the timing, as with the small uses. The glue
 * makes its own objects anew for each use, so the pool makes a fresh instance each time.
 */
import type { DemoModule, Instantiate } from '@warmslot/demo/module'
import { nativeInstantiate } from '@warmslot/demo/native'
import { pooledInstantiate } from '@warmslot/demo/pooled'
import { Engine, type PooledInstance, type PooledModule } from '@warmslot/engine'
import { setTimeout as sleep } from 'node:timers/promises'

import { collectGarbage } from '../collect-garbage.ts'
import { progress } from '../progress.ts'
import { rounded } from '../report/format.ts'
import { type Distribution, distributionOf, type Ratio, ratioOf } from '../statistics.ts'
import { type RealModuleName, realModules } from './real-modules.ts'

export interface RealCallSide {
  /** The whole: glue, instance, work, and the release. */
  readonly use: Distribution
  /** Of it, the making of the instance, and its release. */
  readonly instance: Distribution
}

export interface RealCallResult {
  readonly name: RealModuleName
  readonly title: string
  readonly native: RealCallSide
  readonly pooled: RealCallSide
  /** Native over pooled, of the whole. */
  readonly ratio: Ratio
}

/** Before the first round, on each side. */
function warmUpUses(uses: number): number {
  return Math.min(10, uses)
}

const maxMemoryBytes = 256 * 2 ** 20

/** Uses of one side, and what they took. */
class Side {
  readonly #demo: DemoModule
  readonly #instantiate: Instantiate
  readonly #release: () => void
  readonly #uses: number[] = []
  readonly #instances: number[] = []
  #instanceMs = 0

  constructor(demo: DemoModule, instantiate: Instantiate, release: () => void) {
    this.#demo = demo
    this.#instantiate = (imports) => this.#timed(() => instantiate(imports))
    this.#release = () => this.#timed(release)
  }

  /** @returns what the use found out */
  async use(counts: boolean): Promise<string> {
    this.#instanceMs = 0
    const start = performance.now()
    const result = await this.#demo.use(this.#instantiate).finally(this.#release)
    if (counts) {
      this.#uses.push(performance.now() - start)
      this.#instances.push(this.#instanceMs)
    }
    return result
  }

  result(): RealCallSide {
    const [use, instance] = [this.#uses, this.#instances].map((list) => {
      return distributionOf(Float64Array.from(list))
    }) as [Distribution, Distribution]
    return { use, instance }
  }

  #timed<Result>(work: () => Result): Result {
    const start = performance.now()
    const result = work()
    this.#instanceMs += performance.now() - start
    return result
  }
}

function pooledSide(demo: DemoModule, engine: Engine, module: PooledModule): Side {
  let instance: PooledInstance | undefined
  return new Side(
    demo,
    pooledInstantiate(engine, module, (made) => (instance = made)),
    () => instance?.release(),
  )
}

/** Until V8 has optimised what it will, on both sides alike. @returns what every use must find out */
async function warmUp(sides: readonly Side[], uses: number): Promise<string> {
  const results = new Set<string>()
  for (let use = 0; use < uses; use += 1) {
    for (const side of sides) results.add(await side.use(false))
  }
  const [expected] = results
  if (expected === undefined || results.size > 1) {
    throw new Error(`there should be one result, and there are ${results.size}`)
  }
  // Lets V8 put optimised code in place.
  await sleep(200)
  return expected
}

async function measureOne(name: RealModuleName, rounds: number, uses: number): Promise<RealCallResult> {
  const demo = await realModules[name].load()
  const bytes = await demo.bytes()
  const compiled = await WebAssembly.compile(bytes)
  await using engine = new Engine({ slots: 1, maxMemoryBytes })
  const native = new Side(demo, nativeInstantiate(compiled, demo.importedMemory), () => undefined)
  const pooled = pooledSide(demo, engine, await engine.compile(bytes, { label: name }))
  const expected = await warmUp([native, pooled], warmUpUses(rounds * uses))
  for (let round = 0; round < rounds; round += 1) {
    for (const side of round % 2 === 0 ? [native, pooled] : [pooled, native]) {
      collectGarbage()
      for (let use = -1; use < uses; use += 1) {
        const result = await side.use(use >= 0)
        if (result !== expected) throw new Error(`a use of ${name} gave ${result} instead of ${expected}`)
      }
    }
  }
  const sides = { native: native.result(), pooled: pooled.result() }
  const title = `${realModules[name].title}: ${demo.work}`
  return { name, title, ...sides, ratio: ratioOf(sides.native.use, sides.pooled.use) }
}

/** @param uses in one round, on each side; one more, before them, is not timed */
export async function measureRealCalls(
  names: readonly RealModuleName[],
  rounds: number,
  uses: number,
): Promise<RealCallResult[]> {
  const results: RealCallResult[] = []
  for (const name of names) {
    const result = await measureOne(name, rounds, uses)
    results.push(result)
    const { title, native, pooled, ratio } = result
    progress(
      `${title}: native ${rounded(native.use.p50)} µs, pooled ${rounded(pooled.use.p50)} µs: ${rounded(ratio.p50)} times`,
    )
  }
  return results
}
