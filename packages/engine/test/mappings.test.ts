/** How many kernel mappings a slot takes: fork(2) walks over each, and the process may have 65,530. */
import { mappingCount } from '@warmslot/memory-image'
import { expect, it } from 'vitest'

import { Engine } from '../src/index.ts'
import { wat } from './support/wat.ts'

const slots = 50
// V8's heap may grow by some mappings meanwhile.
const room = slots / 2

/** Before Node 24, V8 has a guard region before a memory too, which joins that behind its neighbour if both have no advice. */
const guardBefore = Number.parseInt(process.versions.node, 10) < 24 ? 1 : 0

/** Memories of V8's own: two mappings each. */
const native: WebAssembly.Memory[] = []
const beforeNative = mappingCount()
for (let slot = 0; slot < slots; slot++) native.push(new WebAssembly.Memory({ initial: 1, maximum: 2 }))
const nativeMappings = mappingCount() - beforeNative

it.each([
  ['data from the start on', '(data (i32.const 0) "warm")', 1],
  ['data from the second page on', '(data (i32.const 8192) "warm")', 2],
  ['no data', '', 0],
])('%s', async (_name, data, more) => {
  await using engine = new Engine({ slots, maxMemoryBytes: 2 ** 20 })
  const module = await engine.compile(
    wat(`(module (memory 2 5) ${data} (func (export "grow") (result i32) (memory.grow (i32.const 1))))`),
  )
  const before = mappingCount()
  const instances = Array.from({ length: slots }, () => engine.instantiate(module))
  const full = mappingCount()
  for (const instance of instances) (instance.exports['grow'] as () => number)()
  const grown = mappingCount()
  for (const instance of instances) instance.release()
  const after = mappingCount()
  const most = nativeMappings + (more + guardBefore) * slots + room
  expect(full - before).toBeLessThan(most)
  expect(grown - before).toBeLessThan(most)
  expect(after - before).toBeLessThan(most)
  expect(native).toHaveLength(slots)
})
