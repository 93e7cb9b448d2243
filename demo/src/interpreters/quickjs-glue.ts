/**
 * QuickJS's glue for uses from a snapshot. It serves one use after the other, since making it anew would take longer than all the
 * rest of a use; what the package has of one runtime and one context is made by each use that needs it.
 *
 * What Emscripten's part holds of an instance is behind stand-ins, one for the exports and one for the memory. Its views of the
 * memory, which are variables of its own, are made anew by the function with which it answers the guest's growth. Imports that leave
 * nothing else behind in it are named here; glue that was called for another one (part of a line printed, an abort) is spent.
 */
import { createRequire } from 'node:module'
import type { PooledInstance, PooledMemory } from '@warmslot/engine'
import type { QuickJSContext } from 'quickjs-emscripten-core'
import { loadEmscripten, loadQuickjs, quickjs } from '../modules/quickjs.ts'
import type { EmscriptenModule } from '../modules/quickjs.ts'
import type { Addresses } from './quickjs-evaluate.ts'
import { Evaluation, furnish } from './quickjs-evaluate.ts'
import type { AnyFunction, SharedImports } from './shared-imports.ts'
import { StandIn } from './stand-in.ts'

// Emscripten gave the imports short names, which are those of one version of the package.
const knownVersion = '0.32.0'
const growHeap = 'k'
/** Clock, local time, time zone, growth, two calls that always fail, the environment, calls to the package's own objects. */
const leaveNothing = new Set(['p', 'm', 'n', growHeap, 'd', 'o', 'e', 'f', 's', 'i', 'h', 'g', 't'])

/** In place of the memory, which the glue is given once for all uses. */
class StandInMemory {
  behind: PooledMemory | undefined

  get buffer(): ArrayBuffer {
    return this.behind?.buffer ?? new ArrayBuffer(0)
  }

  /** By less than nothing where the glue is asked for its views alone. */
  grow(pages: number): number {
    return pages > 0 ? (this.behind!.grow(pages) as number) : 0
  }
}

export class QuickjsGlue {
  readonly #memory = new StandInMemory()
  #standIn: StandIn | undefined
  #begin: () => Evaluation = () => {
    throw new TypeError('this glue initialises')
  }
  #makeViews: () => void = () => undefined
  #spent = false

  /** Whether it may hold something of the use that it served last. */
  get spent(): boolean {
    return this.#spent
  }

  spend(): void {
    this.#spent = true
  }

  /** Initialises an instance; says where it has what that made, and since when its context may have been there. */
  static async initialise(
    shared: SharedImports,
    instance: PooledInstance,
  ): Promise<{ addresses: Addresses; context: QuickJSContext; madeSinceMs: number }> {
    const emscripten = await new QuickjsGlue().#load(shared, instance)
    const made = { runtime: 0, context: 0 }
    const { _QTS_NewRuntime: newRuntime, _QTS_NewContext: newContext } = emscripten
    emscripten._QTS_NewRuntime = () => (made.runtime = newRuntime())
    emscripten._QTS_NewContext = (...values) => (made.context = newContext(...values))
    const core = await loadQuickjs(emscripten)
    const madeSinceMs = Date.now()
    const context = core.newContext()
    return { addresses: { ...made, ...furnish(emscripten) }, context, madeSinceMs }
  }

  /** Glue for instances that were initialised, so that what it makes is there already. */
  static async load(shared: SharedImports, addresses: Addresses): Promise<QuickjsGlue> {
    const glue = new QuickjsGlue()
    const emscripten = await glue.#load(shared, undefined)
    emscripten._QTS_NewRuntime = () => addresses.runtime
    emscripten._QTS_NewContext = () => addresses.context
    const core = await loadQuickjs(emscripten)
    glue.#begin = () => new Evaluation(emscripten, core, addresses)
    return glue
  }

  /** Takes up the next use. */
  serve(instance: PooledInstance): Evaluation {
    this.#standIn!.behind = instance.exports
    this.#memory.behind = instance.memory
    this.#makeViews()
    return this.#begin()
  }

  async #load(shared: SharedImports, instance: PooledInstance | undefined): Promise<EmscriptenModule> {
    refuseOtherVersions()
    this.#memory.behind = instance?.memory
    const emscripten = await loadEmscripten((imports) => {
      if (typeof imports !== 'function') throw new TypeError('the glue does not ask for its memory')
      const own = imports(this.#memory as unknown as WebAssembly.Memory)['a'] as Record<string, AnyFunction>
      this.#watch(own)
      this.#standIn = new StandIn(shared, shared.functionsOf({ a: own as WebAssembly.ModuleImports }))
      this.#standIn.behind = instance?.exports
      return this.#standIn.instance
    })
    return emscripten
  }

  /** Keeps the function that makes the views, and notices when one that leaves something behind is called. */
  #watch(imports: Record<string, AnyFunction>): void {
    const answerGrowth = imports[growHeap]!
    this.#makeViews = () => answerGrowth(0)
    for (const [name, host] of Object.entries(imports)) {
      if (leaveNothing.has(name) || typeof host !== 'function') continue
      imports[name] = (...values) => {
        this.#spent = true
        return host(...values)
      }
    }
  }
}

function refuseOtherVersions(): void {
  const { version } = createRequire(import.meta.url)(`${quickjs.packageName}/package.json`) as {
    version: string
  }
  if (version !== knownVersion)
    throw new TypeError(
      `${quickjs.packageName} is ${version}; the names of its imports are known for ${knownVersion}`,
    )
}
