/**
 * One module, native against pooled: the same work with the same glue, then instantiation alone with imports that are
 * ready, in turns, so that both see the same machine.
 */
import { setImmediate } from 'node:timers/promises'
import type { Engine, PooledInstance, PooledModule } from '@warmslot/engine'
import { proportionalBytes } from './kernel-view.ts'
import type { DemoModule } from './module.ts'
import { nativeInstantiate, prepareNativeInstantiation, stubFunctionImports } from './native.ts'
import { pooledInstantiate } from './pooled.ts'
import type { Summary } from './statistics.ts'
import { summarise } from './statistics.ts'

export interface Comparison {
  readonly demo: DemoModule
  readonly module: PooledModule
  readonly equal: boolean
  readonly native: Summary
  readonly pooled: Summary
  /** Memory that one live instance adds, in bytes. */
  readonly nativeBytes: number
  readonly pooledBytes: number
}

/** How many instances of a module the pool holds at a time, here and for the drop. */
export const liveInstances = 8

const pooledUses = 3
const roundMs = 2_500
const mostRounds = 40
const perRound = 20

export async function compare(engine: Engine, demo: DemoModule): Promise<Comparison> {
  const bytes = await demo.bytes()
  const compiled = await WebAssembly.compile(bytes)
  const module = await engine.compile(bytes, { label: demo.name })
  const equal = await sameResults(engine, demo, compiled, module)
  const native = prepareNativeInstantiation(compiled, demo)
  const imports = stubFunctionImports(compiled)
  const pooled = (): PooledInstance => engine.instantiate(module, imports)
  const times = await timeInTurns(native, pooled)
  const nativeBytes = bytesPerInstance(() => native())
  const held: PooledInstance[] = []
  const pooledBytes = bytesPerInstance(() => held.push(pooled()))
  for (const instance of held) instance.release()
  return { demo, module, equal, ...times, nativeBytes, pooledBytes }
}

async function sameResults(
  engine: Engine,
  demo: DemoModule,
  compiled: WebAssembly.Module,
  module: PooledModule,
): Promise<boolean> {
  const expected = await demo.use(nativeInstantiate(compiled, demo.importedMemory))
  for (let use = 0; use < pooledUses; use++) {
    let instance: PooledInstance | undefined
    const instantiate = pooledInstantiate(engine, module, (made) => (instance = made))
    try {
      if ((await demo.use(instantiate)) !== expected) return false
    } finally {
      instance?.release()
    }
  }
  return true
}

async function timeInTurns(
  native: () => unknown,
  pooled: () => PooledInstance,
): Promise<{ native: Summary; pooled: Summary }> {
  const times = { native: [] as number[], pooled: [] as number[] }
  const until = performance.now() + roundMs
  for (let round = 0; round < mostRounds && performance.now() < until; round++) {
    timeRound(times.native, native)
    timeRound(times.pooled, () => pooled().release())
    // Lets V8 collect what the native instances left, as it would in a server.
    await setImmediate()
  }
  return { native: summarise(times.native), pooled: summarise(times.pooled) }
}

/** Several in a row, as a server under load makes them. */
function timeRound(times: number[], make: () => unknown): void {
  for (let count = 0; count < perRound; count++) {
    const start = performance.now()
    make()
    times.push(performance.now() - start)
  }
}

/** Proportional resident memory that each of a few live instances adds. */
function bytesPerInstance(make: () => unknown): number {
  globalThis.gc?.()
  const before = proportionalBytes()
  const live = Array.from({ length: liveInstances }, make)
  const after = proportionalBytes()
  return Math.max(0, (after - before) / live.length)
}
