/**
 * One whole life of an engine: several modules, uses on fresh and stolen slots, growth, batched resets, growth of a slot's
 * address space, purges of used, free and queued slots, waiting, close. The same system calls each time, so that each can
 * be made to fail by its number.
 *
 * Whatever fails on the way must fail with an error that the engine documents, and what succeeds must be right: every use
 * begins with exactly the bytes that plain V8 gives the module.
 */
import { SystemCallError } from '@warmslot/memory-image'
import { type FaultInjector, injectFaults } from '@warmslot/memory-image/testing'

import {
  Engine,
  PoolExhaustedError,
  type PooledInstance,
  type PooledModule,
  WaitTimeoutError,
} from '../../src/index.ts'
import { descriptorsOf, mappingsOf } from './kernel.ts'
import { type Exports, nativeInstance } from './native.ts'
import { supported, wat } from './wat.ts'

const page = 65_536
const zeroPage = Buffer.alloc(page)
const slots = 3
const label = 'scenario'

const code = `
  (func (export "fill") (param i32) (memory.fill (i32.const 0) (local.get 0) (i32.const 131072)))
  (func (export "touch") (param i32) (i32.store8 (i32.const 70000) (local.get 0)) (i32.store8 (i32.const 5) (local.get 0)))
  (func (export "grow") (result i32) (memory.grow (i32.const 1)))`

const sources = {
  first: `(module (memory (export "m") 2 6) (data (i32.const 100) "first") (data (i32.const 70000) "first") ${code})`,
  second: `(module (memory (export "m") 3 6) (data (i32.const 66000) "second") ${code})`,
  zeros: `(module (memory (export "m") 2) ${code})`,
  two: `(module (memory (export "m") 2) (memory $other 1) (data (i32.const 9) "mine") (data $other (i32.const 8) "other") ${code})`,
}

type Name = keyof typeof sources

interface Guest {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** What its first memory holds at the start of each use. */
  readonly baseline: Buffer
}

const guests = new Map<Name, Guest>()
for (const [name, text] of Object.entries(sources)) {
  const bytes = wat(text)
  if (!supported(bytes)) continue
  guests.set(name as Name, {
    bytes,
    baseline: Buffer.from((nativeInstance(bytes).exports as Exports)['m'].buffer),
  })
}

/** Throws unless the error is one that a refusal of the kernel may become. */
function assertExpected(error: unknown): void {
  const { code: errorCode } = error as { code?: unknown }
  const expected =
    SystemCallError.isInstance(error) ||
    error instanceof PoolExhaustedError ||
    error instanceof WaitTimeoutError ||
    errorCode === 'WARMSLOT_INCOMPLETE_CLOSE'
  if (!expected) throw error
}

class Scenario {
  readonly engine: Engine = new Engine({
    slots,
    maxMemoryBytes: 8 * page,
    resetBatchSize: 2,
    keepResidentBytes: 8_192,
  })
  readonly modules = new Map<Name, PooledModule>()
  readonly purged: PooledModule[] = []
  readonly held: PooledInstance[] = []

  async run(): Promise<void> {
    for (const name of guests.keys()) await this.compile(name)
    this.use('first', 'fill')
    this.use('first', 'touch')
    const kept = this.begin('second')
    if (kept) this.play(kept, 'touch')
    this.use('zeros', 'fill')
    this.use('two', 'fill')
    this.use('first', 'touch')
    const waited = await this.attempt(() => this.waited('zeros'))
    if (waited) this.play(waited, 'fill')
    if (waited) this.end(waited)
    this.use('second', 'fill')
    // A purge that waits for its instance, beside one of free and queued slots.
    const purges = [this.purge('second'), this.purge('zeros')]
    this.use('first', 'fill')
    if (kept) this.end(kept)
    await Promise.all(purges)
    await this.compile('second')
    this.use('second', 'touch')
    this.use('first', 'fill')
  }

  async compile(name: Name): Promise<void> {
    const { bytes } = guests.get(name)!
    const module = await this.attempt(() => this.engine.compile(bytes, { label }))
    if (module) this.modules.set(name, module)
  }

  begin(name: Name): PooledInstance | undefined {
    const module = this.modules.get(name)
    if (!module) return undefined
    try {
      return this.checked(name, this.engine.instantiate(module))
    } catch (error) {
      assertExpected(error)
      return undefined
    }
  }

  async waited(name: Name): Promise<PooledInstance | undefined> {
    const module = this.modules.get(name)
    if (!module) return undefined
    return this.checked(name, await this.engine.instantiateWhenFree(module, undefined, { waitMs: 50 }))
  }

  checked(name: Name, instance: PooledInstance): PooledInstance {
    const { baseline } = guests.get(name)!
    this.held.push(instance)
    const size = instance.memory!.buffer.byteLength
    if (size !== baseline.length) throw new Error(`${name} begins with ${size} bytes`)
    if (!baseline.equals(instance.read(0, size))) throw new Error(`${name} begins with other bytes`)
    return instance
  }

  /** Writes, grows from both sides, and writes to what is new. */
  play(instance: PooledInstance, how: 'fill' | 'touch'): void {
    const { [how]: write, grow, m } = instance.exports as Exports
    write(0xa5)
    for (const enlarge of [grow, () => m.grow(1)]) {
      const before = m.buffer.byteLength
      try {
        if (enlarge() === -1) continue
      } catch (error) {
        // The host gets a RangeError; where even taking back failed, the kernel's error.
        if (!(error instanceof RangeError)) assertExpected(error)
        continue
      }
      const grown = Buffer.from(m.buffer, before)
      if (!zeroPage.equals(grown)) throw new Error('grew by other than zeros')
      grown.fill(0x5a)
    }
  }

  end(instance: PooledInstance): void {
    this.held.splice(this.held.indexOf(instance), 1)
    instance.release()
  }

  use(name: Name, how: 'fill' | 'touch'): void {
    const instance = this.begin(name)
    if (!instance) return
    this.play(instance, how)
    this.end(instance)
  }

  async purge(name: Name): Promise<void> {
    const module = this.modules.get(name)
    this.modules.delete(name)
    if (module) this.purged.push(module)
    await this.attempt(() => module?.dispose())
  }

  async attempt<T>(action: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await action()
    } catch (error) {
      assertExpected(error)
      return undefined
    }
  }

  /** The kernel obliges again: the metrics are right, every use is, and nothing is left in the end. */
  async expectIntact(): Promise<number> {
    const { engine } = this
    const { untouched, withoutAffinity, affine, inUse, queued, retired, leases } = engine.metrics().pool
    if (this.held.length + inUse + leases > 0)
      throw new Error(`${inUse} slots and ${leases} leases are in use`)
    const sum = untouched + withoutAffinity + affine + queued + retired
    if (sum !== slots) throw new Error(`${sum} slots are counted, and there are ${slots}`)
    for (const name of guests.keys()) {
      if (!this.modules.has(name)) await this.compile(name)
      // Twice, the second time warm; as many slots as are left.
      const needed = name === 'two' ? 2 : 1
      if (retired + needed > slots) continue
      for (let use = 0; use < 2; use += 1) {
        const instance = this.begin(name)
        if (!instance) throw new Error(`${name} cannot be used though ${slots - retired} slots are left`)
        this.play(instance, use === 0 ? 'fill' : 'touch')
        if (instance.memory!.buffer.byteLength < guests.get(name)!.baseline.length + page) {
          throw new Error(`${name} does not grow any more`)
        }
        this.end(instance)
      }
    }
    // Those that were purged in vain as well: what was left is tried again.
    for (const module of [...this.purged, ...this.modules.values()]) {
      const { complete, kernel } = await module.dispose()
      if (!complete || kernel.mappings + kernel.descriptors > 0) {
        throw new Error(`a purge left ${kernel.mappings} mappings, ${kernel.descriptors} descriptors`)
      }
    }
    await engine.close()
    const traces = [...mappingsOf(label), ...descriptorsOf(label)]
    if (traces.length > 0) throw new Error(`the kernel still has ${traces.join('\n')}`)
    return retired
  }
}

export interface ScenarioResult {
  /** The names of the system calls, in their order. */
  readonly calls: readonly string[]
  /** How many of them failed. */
  readonly failed: number
  /** How many slots were retired when the faults ended. */
  readonly retired: number
}

/**
 * Runs the scenario under faults, then checks everything without.
 * @param pageFaults whether resets may be spared by counts of page faults: then the calls are not the same each time
 * @throws Error for what is not as it should be
 */
export async function runScenario(injector: FaultInjector, pageFaults = false): Promise<ScenarioResult> {
  const scenario = new Scenario()
  const calls: string[] = []
  let failed = 0
  {
    using _faults = injectFaults((call) => {
      calls.push(call.call)
      if (call.call === 'getrusage' && !pageFaults) return 'EPERM'
      const errno = injector(call)
      if (errno !== undefined) failed += 1
      return errno
    })
    await scenario.run()
  }
  return { calls, failed, retired: await scenario.expectIntact() }
}
