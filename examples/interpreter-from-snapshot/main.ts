/**
 * An interpreter that starts initialised, with its program loaded: QuickJS, as published on npm. Each use starts where the snapshot
 * was taken, knows nothing of the others, and has random numbers of its own.
 */
import { randomBytes } from 'node:crypto'
import { Engine } from '@warmslot/engine'
import type { QuickJSContext } from 'quickjs-emscripten-core'

import { initialise, quickjs, quickjsBytes, quickjsImports, seedAddress, serve } from '../guest/quickjs.ts'

const program = `
  const visits = []
  function visit(name) { visits.push(name); return visits.join(' and ') + (visits.length > 1 ? ' were' : ' was') + ' here' }`

function evaluate(context: QuickJSContext, script: string): string {
  return context.unwrapResult(context.evalCode(script)).consume((result) => context.getString(result))
}

const engine = new Engine({ slots: 2, maxMemoryBytes: 64 * 2 ** 20 })
const module = await engine.compile(quickjsBytes, { label: 'quickjs' })

let seed = 0
const ready = await engine.snapshot(
  module,
  quickjsImports,
  (instance) => {
    initialise(instance)
    const startedMs = Date.now()
    const context = quickjs.newContext()
    seed = seedAddress(instance, startedMs)
    context.unwrapResult(context.evalCode(program)).dispose()
  },
  { label: 'quickjs with its program', afterRestore: (instance) => instance.write(seed, randomBytes(8)) },
)

const random = new Set<string>()
const timesMs: number[] = []
for (let use = 1; use <= 200; use += 1) {
  const startedMs = performance.now()
  const instance = engine.instantiate(ready, quickjsImports)
  serve(instance)
  // An object of the glue's for the context that the snapshot has.
  const context = quickjs.newContext()
  const answer = evaluate(context, `visit('use ${use}')`)
  timesMs.push(performance.now() - startedMs)
  if (use <= 2) console.log(`${answer}; then: ${evaluate(context, `visit('a friend')`)}`)
  random.add(evaluate(context, 'String(Math.random())'))
  instance.release()
}
console.log(`random numbers of 200 uses that differ: ${random.size}`)

const { warm, fresh } = engine.metrics().instances
console.log(`${warm} uses were served by a live instance, ${fresh - 1} by a new one`)
timesMs.sort((a, b) => a - b)
console.log(
  `from nothing to the first answer: ${(timesMs[100]! * 1000).toFixed(0)} microseconds, half of the times`,
)

await ready.dispose()
await module.dispose()
await engine.close()
