/**
 * The three ways to start an interpreter, side by side, for whoever checks or times them:
 *
 * - `native`: a new instance of a module that was compiled before, initialised
 * - `pooled`: an instance on a slot, initialised
 * - `snapshot`: an instance on a slot, as it was after an initialisation
 */
import type { Engine, PooledInstance, PooledModule } from '@warmslot/engine'
import type { Instantiate } from '../module.ts'
import { nativeInstantiate } from '../native.ts'
import type { Interpreter, InterpreterModule } from './interpreter.ts'

export interface WaysToStart {
  native(): Promise<Interpreter>
  pooled(): Promise<Interpreter>
  snapshot(): Promise<Interpreter>
  /** Drops both pooled modules; all uses must have ended. */
  dispose(): Promise<void>
}

/** Compiles the interpreter's package both ways, and takes its snapshot. */
export async function waysToStart(engine: Engine, interpreter: InterpreterModule): Promise<WaysToStart> {
  const { demo } = interpreter
  const bytes = await demo.bytes()
  const instantiate = nativeInstantiate(await WebAssembly.compile(bytes), demo.importedMemory)
  const module = await engine.compile(bytes, { label: `${demo.name} interpreter` })
  const snapshot = await interpreter.takeSnapshot(engine, module)
  return {
    native: () => interpreter.start(instantiate),
    pooled: () => startPooled(engine, module, interpreter),
    snapshot: () => snapshot.start(),
    async dispose() {
      await snapshot.module.dispose()
      await module.dispose()
    },
  }
}

async function startPooled(
  engine: Engine,
  module: PooledModule,
  interpreter: InterpreterModule,
): Promise<Interpreter> {
  let instance: PooledInstance | undefined
  const instantiate: Instantiate = (imports) =>
    (instance = engine.instantiate(
      module,
      typeof imports === 'function' ? (one) => imports(one.memory as unknown as WebAssembly.Memory) : imports,
    ))
  try {
    const started = await interpreter.start(instantiate)
    return {
      evaluate: (script) => started.evaluate(script),
      end() {
        started.end()
        instance?.release()
      },
    }
  } catch (error) {
    instance?.release()
    throw error
  }
}

/**
 * Starts an interpreter and has it run its first script.
 * @returns milliseconds from the start until the result is there; ending the use is not in it
 * @throws TypeError if the result is wrong
 */
export async function timeFirstCall(
  { scripts }: InterpreterModule,
  start: () => Promise<Interpreter>,
): Promise<number> {
  const startedMs = performance.now()
  const interpreter = await start()
  try {
    const result = interpreter.evaluate(scripts.first)
    const takenMs = performance.now() - startedMs
    if (result !== scripts.firstResult) throw new TypeError(`the first script gave ${result}`)
    return takenMs
  } finally {
    interpreter.end()
  }
}
