/**
 * Pooled instances: V8's own WebAssembly, on slots that are ready.
 *
 * Two slots. Each use begins with the memory as the module defines it, whatever the one before did to it.
 *
 * On Node.js 24 and later `using instance = engine.instantiate(module)` releases at the end of the block, and `await using`
 * closes the engine. Written out here, so that it runs on Node.js 22 too.
 */
import { Engine, InstanceReleasedError, PoolExhaustedError } from '@warmslot/engine'

import { visitCounterBytes, visitCounterOf } from '../guest/visit-counter.ts'

const engine = new Engine({ slots: 2, maxMemoryBytes: 2 ** 20 })
const module = await engine.compile(visitCounterBytes, { label: 'visit-counter' })

const first = engine.instantiate(module)
const counter = visitCounterOf(first)
counter.visit()
console.log(`first use: the counter began at 100, two visits later it is at ${counter.visit()}`)
counter.grow(3)
console.log(
  `first use: grown to ${counter.pages()} pages, the host sees ${counter.memory.buffer.byteLength} bytes`,
)

const second = engine.instantiate(module)
console.log(
  `second use, beside it: ${visitCounterOf(second).visit()} after one visit, ${visitCounterOf(second).pages()} page`,
)

try {
  engine.instantiate(module)
} catch (error) {
  if (!PoolExhaustedError.isInstance(error)) throw error
  console.log(`third use: ${error.code}`)
}

// Or wait for a slot, with a deadline. The one that is released here is the one that it gets.
const waiting = engine.instantiateWhenFree(module, {}, { waitMs: 1000 })
first.release()
const third = await waiting
const { visit, pages } = visitCounterOf(third)
console.log(`third use, on the slot of the first: ${visit()} after one visit, ${pages()} page`)
third.release()
second.release()

try {
  counter.visit()
} catch (error) {
  if (!InstanceReleasedError.isInstance(error)) throw error
  console.log(`a call into the first use, after its release: ${error.code}`)
}

const uses = 1000
for (let use = 0; use < uses; use += 1) {
  const instance = engine.instantiate(module)
  if (visitCounterOf(instance).visit() !== 101) throw new Error('a use saw what another one did')
  instance.release()
}
const { instances } = engine.metrics()
console.log(
  `${uses} more uses, each saw 101; of all ${instances.warm + instances.fresh}, ${instances.warm} were served by a live instance of an earlier one`,
)

await engine.close()
