/**
 * A process that goes through the states of a pool, or of native instances, and prints how much memory it holds in each.
 *
 *     node --expose-gc src/memory/process.ts pool|native SLOTS PAGES
 */
import { statesOfNative, statesOfPool } from './states.ts'

const [side = '', ...amounts] = process.argv.slice(2)
const [slots = 0, pages = 0] = amounts.map(Number)
console.log(JSON.stringify(await (side === 'pool' ? statesOfPool : statesOfNative)(slots, pages)))
