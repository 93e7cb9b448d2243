/** A module natively and pooled, as workers hold it with `instances: 'native'` and `'pooled'`. */
import { Engine, type PooledModule } from '@warmslot/engine'
import { checkInterface, kindOf } from '../../modules/module-kind.ts'
import { readSettings } from '../../modules/module-settings.ts'
import { LoadedModule } from '../../worker/loaded-module.ts'
import type { BenchPlan } from './bench-plan.ts'

export interface LoadedSides {
  readonly engine: Engine
  readonly module: PooledModule
  readonly native: LoadedModule
  readonly pooled: LoadedModule
  readonly compileMs: number
}

/** Of a module with one memory one is used at a time; this is for those with several. */
const slots = 16

/** @throws CompileError, UnsupportedModuleError, UnusableModuleError */
export async function loadSides(plan: BenchPlan): Promise<LoadedSides> {
  const { name, bytes, limits, timeLimitMs } = plan
  const { maxMemoryBytes } = limits
  const engine = new Engine({ slots, deadlines: true, keepBuffers: true, ...limits })
  const start = performance.now()
  const module = await engine.compile(bytes, { label: name })
  const compileMs = performance.now() - start
  checkInterface(module)
  const content = await WebAssembly.compile(bytes)
  const settings = readSettings({ timeLimitMs }, { workers: 1, slots, maxMemoryBytes })
  const load = { uid: name, name, kind: kindOf(module.exports), settings, content }
  return {
    engine,
    module,
    native: new LoadedModule(load, content, engine),
    pooled: new LoadedModule(load, module, engine),
    compileMs,
  }
}
