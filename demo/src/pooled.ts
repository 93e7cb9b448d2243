/** Pooled instances of the demo's modules, for glue that asks for its instance as `module.ts` says. */
import type { Engine, PooledInstance, PooledModule } from '@warmslot/engine'
import type { Instantiate } from './module.ts'

/** Makes instances on slots of the pool; who releases them hears of each by `made`. */
export function pooledInstantiate(
  engine: Engine,
  module: PooledModule,
  made: (instance: PooledInstance) => void,
): Instantiate {
  return (imports) => {
    const instance = engine.instantiate(
      module,
      typeof imports === 'function' ? (one) => imports(one.memory as unknown as WebAssembly.Memory) : imports,
    )
    made(instance)
    return instance
  }
}
