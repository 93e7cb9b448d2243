/**
 * QuickJS from a snapshot: the guest's constructors have run, and it has a runtime and a context. Each use takes glue that is idle
 * (`quickjs-glue.ts`) and evaluates over the guest's functions (`quickjs-evaluate.ts`).
 *
 * `Math.random` gets a seed of its own in each use: the guest keeps it in its memory, `quickjs-seed.ts` says where.
 */
import type { Engine, PooledInstance, PooledModule } from '@warmslot/engine'
import { errors } from 'quickjs-emscripten-core'
import { evaluate, quickjs as demo, script as work, startQuickjs } from '../modules/quickjs.ts'
import { type Interpreter, type InterpreterModule, type InterpreterSnapshot, oneUse } from './interpreter.ts'
import type { Addresses } from './quickjs-evaluate.ts'
import { javascript as program } from './programs.ts'
import { QuickjsGlue } from './quickjs-glue.ts'
import { findSeed, writeSeed } from './quickjs-seed.ts'
import { SharedImports } from './shared-imports.ts'

function useOf(glue: QuickjsGlue, instance: PooledInstance, idle: QuickjsGlue[]): Interpreter {
  const evaluation = glue.serve(instance)
  return oneUse(
    (script) => {
      try {
        return evaluation.evaluate(script)
      } catch (error) {
        // Anything but the script's own error may have left the glue in the middle of something.
        if (!(error instanceof errors.QuickJSUnwrapError)) glue.spend()
        throw error
      }
    },
    () => {
      instance.release()
      if (!glue.spent) idle.push(glue)
    },
  )
}

async function takeSnapshot(
  engine: Engine,
  module: PooledModule,
  source?: string,
): Promise<InterpreterSnapshot> {
  const shared = new SharedImports(module)
  let addresses: Addresses | undefined
  let seed = 0
  const ready = await engine.snapshot(
    module,
    shared.imports,
    async (instance) => {
      const made = await QuickjsGlue.initialise(shared, instance)
      addresses = made.addresses
      seed = findSeed(instance, addresses.context, made.madeSinceMs)
      if (source !== undefined) evaluate(made.context, source)
    },
    { afterRestore: (instance) => writeSeed(instance, seed) },
  )
  /** Glue that no use has at the moment. */
  const idle: QuickjsGlue[] = []
  return {
    module: ready,
    async start() {
      const glue = idle.pop() ?? (await QuickjsGlue.load(shared, addresses!))
      try {
        return useOf(glue, engine.instantiate(ready, shared.imports), idle)
      } catch (error) {
        // No slot is free: the glue is as it was.
        idle.push(glue)
        throw error
      }
    },
  }
}

export const quickjs: InterpreterModule = {
  demo,
  scripts: {
    first: { call: '6 * 7', result: '42' },
    work,
    count: 'globalThis.count = (globalThis.count ?? 0) + 1; String(count)',
    random: 'String(Math.random())',
    difficult: [
      '{{{',
      'missing()',
      'throw new RangeError("too far")',
      'throw "text"',
      'throw { number: 7 }',
      'import("nothing")',
      'new Date(0).toString()',
    ],
  },
  program,
  async start(instantiate, source) {
    const context = await startQuickjs(instantiate)
    if (source !== undefined) evaluate(context, source)
    return { evaluate: (script) => evaluate(context, script), end: () => context.dispose() }
  },
  takeSnapshot,
}
