/** The two sides that a case runs on, and what must hold in the pool after every case. */
import { deepStrictEqual } from 'node:assert/strict'

import { wat } from '../support/wat.ts'
import type { Use, World } from './case.ts'

/** A variable, so that the types do not ask for a built package. */
const built = new URL('../../dist/index.js', import.meta.url).href
export const warmslot: typeof import('../../src/index.ts') = await import(built)

export const pageBytes = 65_536
export const slots = 4
export const capacityPages = 16

export const engine: import('../../src/index.ts').Engine = new warmslot.Engine({
  slots,
  maxMemoryBytes: capacityPages * pageBytes,
})

const nativeModules = new Map<string, WebAssembly.Module>()

export const native: World = {
  side: 'V8',
  warmslot,
  engine,
  async open(text, imports) {
    let module = nativeModules.get(text)
    if (!module) nativeModules.set(text, (module = new WebAssembly.Module(wat(text))))
    const { exports } = new WebAssembly.Instance(module, imports)
    return { exports, memories: memoriesOf(exports), pooled: undefined, end() {} }
  },
}

type PooledModule = Awaited<ReturnType<typeof engine.compile>>
const pooledModules = new Map<string, PooledModule>()
const open = new Set<Use>()

export const pool: World = {
  side: 'pool',
  warmslot,
  engine,
  async open(text, imports) {
    let module = pooledModules.get(text)
    if (!module) pooledModules.set(text, (module = await engine.compile(wat(text))))
    const instance = engine.instantiate(module, imports)
    const use: Use = {
      exports: instance.exports,
      memories: memoriesOf(instance.exports),
      pooled: instance,
      end() {
        open.delete(use)
        instance.release()
      },
    }
    open.add(use)
    return use
  },
}

function memoriesOf(exports: WebAssembly.Exports): WebAssembly.Memory[] {
  return Object.values(exports).filter((value) => value instanceof WebAssembly.Memory)
}

/** The module that looks at every slot after each case. */
export const probe: string = `(module (memory (export "m") 2 ${capacityPages}) (data (i32.const 8) "probe")
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0))))`

/** Ends what the case left open, and uses every slot once: each must be at its baseline, in every byte it has. */
export async function aftercare(): Promise<void> {
  for (const use of open) use.end()
  deepStrictEqual(engine.metrics().pool.inUse, 0, 'slots are still in use')
  const expected = Buffer.alloc(capacityPages * pageBytes)
  expected.write('probe', 8)
  const uses: Use[] = []
  for (let slot = 0; slot < slots; slot++) uses.push(await pool.open(probe))
  for (const { exports, end } of uses) {
    deepStrictEqual(exports['grow'](capacityPages - 2), 2)
    deepStrictEqual(
      Buffer.from(exports['m'].buffer).equals(expected),
      true,
      'bytes of an earlier use are left',
    )
    deepStrictEqual(exports['load'](8), expected.readInt32LE(8))
    end()
  }
}
