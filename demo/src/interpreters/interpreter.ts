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

/** An interpreter as it was after its initialisation. */
export interface InterpreterSnapshot {
  /** The snapshot's module, to be disposed when no use is on. */
  readonly module: PooledModule
  /** Begins a use on a slot of the pool; its `end` gives the slot back. Uses may overlap. @throws as `engine.instantiate` */
  start(): Promise<Interpreter>
}

/** Scripts that say something about an interpreter, in its own language. */
export interface Scripts {
  /** Its first call is timed: as little work as there can be, so that starting is what is measured. */
  readonly first: string
  readonly firstResult: string
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

export interface InterpreterModule {
  readonly demo: DemoModule
  readonly scripts: Scripts
  /** Makes an instance, native or pooled, and initialises it, as the package's users do. */
  start(instantiate: Instantiate): Promise<Interpreter>
  /** Initialises one instance of the compiled package, and keeps what that made. */
  takeSnapshot(engine: Engine, module: PooledModule): Promise<InterpreterSnapshot>
}
