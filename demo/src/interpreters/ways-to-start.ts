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
import { pooledInstantiate } from '../pooled.ts'
import type { Interpreter, InterpreterModule, Program } from './interpreter.ts'

export interface WaysToStart {
  native(): Promise<Interpreter>
  pooled(): Promise<Interpreter>
  snapshot(): Promise<Interpreter>
  /** Drops both pooled modules; all uses must have ended. @throws TypeError if the kernel still shows something of them */
  dispose(): Promise<void>
}

/** Compiles the interpreter's package both ways, and takes its snapshot; each way runs `source` as part of the start. */
export async function waysToStart(
  engine: Engine,
  interpreter: InterpreterModule,
  source?: string,
): Promise<WaysToStart> {
  const { demo } = interpreter
  const bytes = await demo.bytes()
  const natively = nativeInstantiate(await WebAssembly.compile(bytes), demo.importedMemory)
  const module = await engine.compile(bytes, { label: `${demo.name} interpreter` })
  const snapshot = await interpreter.takeSnapshot(engine, module, source)
  return {
    native: () => interpreter.start(natively, source),
    pooled: () => startPooled(engine, module, (instantiate) => interpreter.start(instantiate, source)),
    snapshot: () => snapshot.start(),
    async dispose() {
      for (const dropped of [snapshot.module, module]) {
        const { complete, kernel } = await dropped.dispose()
        if (!complete || kernel.mappings + kernel.descriptors > 0)
          throw new TypeError(`${dropped.label} has left ${kernel.mappings} mappings behind`)
      }
    },
  }
}

async function startPooled(
  engine: Engine,
  module: PooledModule,
  start: (instantiate: Instantiate) => Promise<Interpreter>,
): Promise<Interpreter> {
  let instance: PooledInstance | undefined
  const instantiate = pooledInstantiate(engine, module, (made) => (instance = made))
  try {
    const started = await start(instantiate)
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
 * Starts an interpreter and has it run one script.
 * @returns milliseconds from the start until the result is there; ending the use is not in it
 * @throws TypeError if the result is wrong
 */
export async function timeFirstCall(
  start: () => Promise<Interpreter>,
  { call, result: expected }: Pick<Program, 'call' | 'result'>,
): Promise<number> {
  const startedMs = performance.now()
  const interpreter = await start()
  try {
    const result = interpreter.evaluate(call)
    const takenMs = performance.now() - startedMs
    if (result !== expected) throw new TypeError(`${call} gave ${result} instead of ${expected}`)
    return takenMs
  } finally {
    interpreter.end()
  }
}
