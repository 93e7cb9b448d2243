/**
 * QuickJS from a snapshot. The guest's part of the start (its constructors, a runtime, a context) is in the snapshot; the glue's part
 * is in two layers, which are treated differently:
 *
 * - The package's own objects for runtime and context are made anew for each use. The functions that they call to make
 *   the guest's part answer with the pointers that it has in the snapshot.
 * - Emscripten's part (imports, views of the memory, wrapped exports) serves one use after the other, `quickjs-glue.ts`.
 *
 * `Math.random` gets a seed of its own in each use: the guest keeps it in its memory, `quickjs-seed.ts` says where.
 */
import type { Engine, PooledInstance, PooledModule } from '@warmslot/engine'
import type { QuickJSContext } from 'quickjs-emscripten-core'
import { errors } from 'quickjs-emscripten-core'
import { evaluate, quickjs as demo, script as work, startQuickjs } from '../modules/quickjs.ts'
import type { Interpreter, InterpreterModule, InterpreterSnapshot } from './interpreter.ts'
import { QuickjsGlue, type Pointers } from './quickjs-glue.ts'
import { findSeed, writeSeed } from './quickjs-seed.ts'
import { SharedImports } from './shared-imports.ts'

class Snapshot implements InterpreterSnapshot {
  readonly module: PooledModule
  readonly #engine: Engine
  readonly #shared: SharedImports
  readonly #pointers: Pointers
  /** Glue that no use has at the moment. */
  readonly #idle: QuickjsGlue[] = []

  constructor(engine: Engine, module: PooledModule, shared: SharedImports, pointers: Pointers) {
    this.#engine = engine
    this.module = module
    this.#shared = shared
    this.#pointers = pointers
  }

  async start(): Promise<Interpreter> {
    const glue = this.#idle.pop() ?? (await QuickjsGlue.initialised(this.#shared, this.#pointers))
    const instance = this.#engine.instantiate(this.module, this.#shared.imports)
    glue.serve(instance)
    return new Use(glue, instance, this.#idle)
  }
}

class Use implements Interpreter {
  readonly #glue: QuickjsGlue
  readonly #instance: PooledInstance
  readonly #context: QuickJSContext
  readonly #idle: QuickjsGlue[]
  #ended = false

  constructor(glue: QuickjsGlue, instance: PooledInstance, idle: QuickjsGlue[]) {
    this.#glue = glue
    this.#instance = instance
    this.#idle = idle
    this.#context = glue.core.newContext()
  }

  evaluate(script: string): string {
    if (this.#ended) throw new TypeError('this use has ended')
    try {
      return evaluate(this.#context, script)
    } catch (error) {
      // Anything but the script's own error may have left the glue in the middle of something.
      if (!(error instanceof errors.QuickJSUnwrapError)) this.#glue.spend()
      throw error
    }
  }

  end(): void {
    if (this.#ended) return
    this.#instance.release()
    this.#ended = true
    if (!this.#glue.spent) this.#idle.push(this.#glue)
  }
}

async function takeSnapshot(engine: Engine, module: PooledModule): Promise<InterpreterSnapshot> {
  const shared = new SharedImports(module)
  let pointers: Pointers = { runtime: 0, context: 0 }
  let seedAddress = 0
  const ready = await engine.snapshot(
    module,
    shared.imports,
    async (instance) => {
      const { glue, pointers: made } = await QuickjsGlue.initialising(shared, instance)
      const startedMs = Date.now()
      glue.core.newContext()
      pointers = made()
      seedAddress = findSeed(instance, pointers.context, startedMs)
    },
    { afterRestore: (instance) => writeSeed(instance, seedAddress) },
  )
  return new Snapshot(engine, ready, shared, pointers)
}

export const quickjs: InterpreterModule = {
  demo,
  scripts: {
    first: '[1, 2, 3].map((n) => n * n).join()',
    firstResult: '1,4,9',
    work,
    count: 'globalThis.count = (globalThis.count ?? 0) + 1; String(count)',
    random: 'String(Math.random())',
  },
  async start(instantiate) {
    const context = await startQuickjs(instantiate)
    return { evaluate: (script) => evaluate(context, script), end: () => context.dispose() }
  },
  takeSnapshot,
}
