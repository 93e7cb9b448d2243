/**
 * A module in a worker, and the instances of it.
 *
 * Its import functions are the same in all requests, so that the pool can hand out a live instance again; each passes its call on to
 * the WASI of the request that is running. One runs at a time.
 */
import { type Engine, PoolExhaustedError, type PooledInstance, type PooledModule } from '@warmslot/engine'
import { wasiNamespace } from '../modules/module-kind.ts'
import type { CommandInput, ModuleToLoad } from '../workers/protocol.ts'
import { guestError } from './guest-error.ts'
import { type GuestMemory, GuestWasi } from './guest-wasi.ts'

/** An instance for one request. */
export interface GuestInstance extends Disposable {
  readonly exports: WebAssembly.Exports
  readonly memory: GuestMemory | undefined
}

export interface InstanceSource {
  readonly imports: WebAssembly.Imports
  instantiate(imports: WebAssembly.Imports, timeLimitMs: number): GuestInstance
}

const noInput = { arguments: [], environment: {}, stdin: new Uint8Array() }

export class LoadedModule {
  readonly plan: ModuleToLoad
  readonly #source: InstanceSource
  readonly #isPooled: boolean
  #running: GuestWasi | undefined

  constructor(plan: ModuleToLoad, module: PooledModule | WebAssembly.Module, engine: Engine) {
    this.plan = plan
    const imports = { [wasiNamespace]: this.#functions(module) }
    this.#isPooled = !(module instanceof WebAssembly.Module)
    this.#source =
      module instanceof WebAssembly.Module
        ? nativeSource(module, imports)
        : pooledSource(module, imports, engine)
  }

  /** WASI for one use, whose time begins now. @param input of a command; a library gets none */
  wasi(input: Pick<CommandInput, 'arguments' | 'environment' | 'stdin'> = noInput): GuestWasi {
    const { name, settings } = this.plan
    return new GuestWasi({
      arguments: [name, ...input.arguments],
      environment: input.environment,
      stdin: input.stdin,
      outputBytes: settings.responseBytes,
      deadline: performance.now() + settings.timeLimitMs,
    })
  }

  /** Runs `work` on a new instance with `wasi`, and gives the instance back. */
  use<Result>(wasi: GuestWasi, work: (instance: GuestInstance) => Result): Result {
    this.#running = wasi
    try {
      const instance = this.#source.instantiate(this.#source.imports, this.plan.settings.timeLimitMs)
      // No `using`: the tests have Node 22 read this file as it is.
      try {
        wasi.attach(instance.memory)
        return work(instance)
      } finally {
        instance[Symbol.dispose]()
      }
    } finally {
      this.#running = undefined
    }
  }

  /**
   * Makes instances and gives them back: the next ones find them. Nothing of the guest runs but its start function.
   * @param count so many at once, or fewer where no slot is free for more; V8's own are made in each use, so one of them is a try
   * @throws HostError where none can be made
   */
  warmUp(count: number): void {
    const made: GuestInstance[] = []
    const wanted = this.#isPooled ? count : 1
    try {
      while (made.length < wanted) made.push(this.#instantiate())
    } catch (error) {
      if (made.length === 0 || !isExhausted(error)) throw error
    } finally {
      // The first one last: the next use takes what was given back last.
      for (const instance of made.toReversed()) instance[Symbol.dispose]()
    }
  }

  #instantiate(): GuestInstance {
    const wasi = this.wasi()
    this.#running = wasi
    try {
      return this.#source.instantiate(this.#source.imports, this.plan.settings.timeLimitMs)
    } catch (error) {
      if (isExhausted(error)) throw error
      throw guestError(error, this.plan.settings.timeLimitMs, wasi.stderr.take())
    } finally {
      this.#running = undefined
    }
  }

  /** What the module is after its initialisation, as a module. @throws HostError */
  async snapshot(module: PooledModule, engine: Engine): Promise<PooledModule> {
    const { name, settings } = this.plan
    const wasi = this.wasi()
    this.#running = wasi
    try {
      const initialise = (instance: PooledInstance): void => {
        wasi.attach(instance.memory)
        ;(instance.exports['_initialize'] as () => void)()
      }
      const options = { label: name, deadlineMs: settings.timeLimitMs }
      return await engine.snapshot(module, this.#source.imports, initialise, options)
    } catch (error) {
      throw guestError(error, settings.timeLimitMs, wasi.stderr.take())
    } finally {
      this.#running = undefined
    }
  }

  #functions(module: PooledModule | WebAssembly.Module): WebAssembly.ModuleImports {
    const imports = module instanceof WebAssembly.Module ? WebAssembly.Module.imports(module) : module.imports
    const functions: WebAssembly.ModuleImports = {}
    for (const { kind, name } of imports) {
      if (kind === 'function') functions[name] = (...values: number[]) => this.#running!.call(name, values)
    }
    return functions
  }
}

/** No slot is free. */
function isExhausted(error: unknown): boolean {
  return error instanceof PoolExhaustedError
}

function pooledSource(module: PooledModule, imports: WebAssembly.Imports, engine: Engine): InstanceSource {
  return {
    imports,
    instantiate(given, deadlineMs) {
      const instance = engine.instantiate(module, given, { deadlineMs })
      return {
        get exports() {
          return instance.exports
        },
        get memory() {
          return instance.memory
        },
        [Symbol.dispose]: () => instance.release(),
      }
    },
  }
}

function nativeSource(module: WebAssembly.Module, imports: WebAssembly.Imports): InstanceSource {
  return {
    imports,
    instantiate(given) {
      const { exports } = new WebAssembly.Instance(module, given)
      const memory = Object.values(exports).find((one) => one instanceof WebAssembly.Memory)
      return { exports, memory, [Symbol.dispose]: () => undefined }
    },
  }
}
