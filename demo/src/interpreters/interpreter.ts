/**
 * What the demo knows of an interpreter that runs scripts: how it is started on a new instance, and how it is started once, for a
 * snapshot from which every use begins.
 */
import type { Engine, PooledModule } from '@warmslot/engine'
import type { DemoModule, Instantiate } from '../module.ts'

/** One use of an interpreter, started. */
export interface Interpreter {
  /** Runs a script and gives its result as text. @throws what the script does not catch, as the glue words it */
  evaluate(script: string): string
  /** Ends the use: its glue calls into the instance no more. Where the instance is pooled, and not its own, that is left to its owner. */
  end(): void
}

/** A use that can be ended once, and is of no use afterwards. What `end` throws leaves it as it was. */
export function oneUse(evaluate: Interpreter['evaluate'], end: Interpreter['end']): Interpreter {
  let ended = false
  return {
    evaluate(script) {
      if (ended) throw new TypeError('this use has ended')
      return evaluate(script)
    },
    end() {
      if (ended) return
      end()
      ended = true
    },
  }
}

/** An interpreter as it was after its initialisation. */
export interface InterpreterSnapshot {
  /** The snapshot's module, to be disposed when no use is on. */
  readonly module: PooledModule
  /** Begins a use on a slot of the pool; its `end` gives the slot back. Uses may overlap. @throws as `engine.instantiate` */
  start(): Promise<Interpreter>
}

/** Scripts that say something about an interpreter, in its own language. */
export interface Scripts {
  /** As little work as there can be, so that starting is what is timed. */
  readonly first: Pick<Program, 'call' | 'result'>
  /** Real work, with the same result in every use. */
  readonly work: string
  /** Counts how often it was run in this use, wherever a use can keep state; gives the number. */
  readonly count: string
  /** Calls the global function `fromGuest` of the host, and runs `count` after that; for interpreters that can. */
  readonly callHost?: string
  /** Gives a random number. */
  readonly random: string
  /** Scripts that fail, or need the glue: what they throw or give is the same natively. */
  readonly difficult: readonly string[]
}

/** A program that is loaded before it is called. */
export interface Program {
  readonly source: string
  readonly call: string
  /** What the call gives. */
  readonly result: string
}

export interface InterpreterModule {
  readonly demo: DemoModule
  readonly scripts: Scripts
  readonly program: Program
  /** Makes an instance, native or pooled, and initialises it, as the package's users do; then runs `source`. */
  start(instantiate: Instantiate, source?: string): Promise<Interpreter>
  /** Initialises one instance of the compiled package, runs `source` in it, and keeps what both made. */
  takeSnapshot(engine: Engine, module: PooledModule, source?: string): Promise<InterpreterSnapshot>
}
