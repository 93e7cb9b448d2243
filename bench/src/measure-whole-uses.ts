/**
 * Whole uses of published modules with their published glue, which does real work: natively and in the pool, by turns. The work
 * itself takes the same time on either side; what differs is how soon it begins, and what garbage is left.
 */
import { type DemoModule, type Instantiate } from '@warmslot/demo/module'
import { demoModules } from '@warmslot/demo/modules/index'
import { nativeInstantiate } from '@warmslot/demo/native'
import { Engine, type PooledInstance, type PooledModule } from '@warmslot/engine'

import { collectGarbage } from './collect-garbage.ts'
import { type Distribution, distributionOf } from './statistics.ts'

export interface WholeUseResult {
  readonly name: string
  readonly title: string
  readonly native: Distribution
  readonly pooled: Distribution
  readonly ratio: { readonly p50: number; readonly mean: number }
}

/** V8 compiles the hot functions of either side's module once more in these. */
const mostUntimedUses = 10

/** @param modules their names in the demo; @param uses timed, of each on each side */
export async function measureWholeUses(modules: readonly string[], uses: number): Promise<WholeUseResult[]> {
  const results: WholeUseResult[] = []
  for (const demo of demoModules)
    if (modules.includes(demo.name)) results.push(await measureModule(demo, uses))
  return results
}

async function measureModule(demo: DemoModule, uses: number): Promise<WholeUseResult> {
  const bytes = await demo.bytes()
  const natively = nativeInstantiate(await WebAssembly.compile(bytes), demo.importedMemory)
  await using engine = new Engine({ slots: 4 })
  const module = await engine.compile(bytes, { label: demo.name })
  const sides = { native: () => demo.use(natively), pooled: () => usePooled(engine, module, demo) }
  const expected = await sides.native()
  const durations = { native: new Float64Array(uses), pooled: new Float64Array(uses) }
  for (let use = -Math.min(mostUntimedUses, uses); use < uses; use += 1) {
    for (const side of use % 2 === 0 ? (['native', 'pooled'] as const) : (['pooled', 'native'] as const)) {
      if (use % 10 === 0) collectGarbage()
      const start = performance.now()
      const result = await sides[side]()
      if (use >= 0) durations[side][use] = performance.now() - start
      if (result !== expected) throw new Error(`${demo.name} gave another result (${side})`)
    }
  }
  const [native, pooled] = [distributionOf(durations.native), distributionOf(durations.pooled)]
  const ratio = { p50: native.p50 / pooled.p50, mean: native.mean / pooled.mean }
  return { name: demo.name, title: `${demo.name}: ${demo.work}`, native, pooled, ratio }
}

async function usePooled(engine: Engine, module: PooledModule, demo: DemoModule): Promise<string> {
  let instance: PooledInstance | undefined
  const instantiate: Instantiate = (imports) =>
    (instance = engine.instantiate(
      module,
      typeof imports === 'function' ? (one) => imports(one.memory as unknown as WebAssembly.Memory) : imports,
    ))
  try {
    return await demo.use(instantiate)
  } finally {
    instance?.release()
  }
}
