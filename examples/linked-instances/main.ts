/**
 * Linked instances: what one pooled instance exports, another imports, as on plain V8.
 *
 * One slot, since the second module brings no memory of its own. It goes back when the last of the two is released.
 */
import { Engine } from '@warmslot/engine'

import type { Main, Side } from '../guest/linked-modules.ts'
import { mainBytes, sideBytes } from '../guest/linked-modules.ts'

const engine = new Engine({ slots: 1, maxMemoryBytes: 2 ** 20 })
const [mainModule, sideModule] = [await engine.compile(mainBytes), await engine.compile(sideBytes)]

const main = engine.instantiate(mainModule)
const { pages } = main.exports as unknown as Main
const side = engine.instantiate(sideModule, { main: main.exports } as WebAssembly.Imports)
const { quadruple, grow } = side.exports as unknown as Side

console.log(
  `one memory: ${Buffer.from(main.read(0, 13)).toString()}; side reads it too: ${side.memory === main.memory}`,
)
console.log(`side calls main, without JavaScript in between: ${quadruple(5)}`)
grow()
console.log(`side grows it, main sees ${pages()} pages`)

main.release()
console.log(
  `main is released, side still works: ${quadruple(7)}; slots in use: ${engine.metrics().pool.inUse}`,
)
side.release()
console.log(`side too; slots in use: ${engine.metrics().pool.inUse}`)

await engine.close()
