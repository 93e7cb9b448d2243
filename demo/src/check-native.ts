/**
 * Runs every module natively: instantiation alone, and three whole uses, whose results must agree.
 * Without Warmslot: what it prints is what the pool is compared with. An argument picks modules by name.
 */
import { createHash } from 'node:crypto'
import { demoModules } from './modules/index.ts'
import { nativeInstantiate, prepareNativeInstantiation } from './native.ts'

const uses = 3
const instantiations = 40
const names = process.argv.slice(2)

function milliseconds(start: number): number {
  return performance.now() - start
}

for (const demo of demoModules) {
  if (names.length > 0 && !names.includes(demo.name)) continue
  const module = await WebAssembly.compile(await demo.bytes())
  const instantiateAlone = prepareNativeInstantiation(module, demo)
  const alone: number[] = []
  for (let count = 0; count < instantiations; count += 1) {
    const start = performance.now()
    instantiateAlone()
    alone.push(milliseconds(start))
  }
  alone.sort((a, b) => a - b)
  const results = new Set<string>()
  const times: string[] = []
  let grownTo = 0
  const instantiate = nativeInstantiate(module, demo.importedMemory)
  for (let count = 0; count < uses; count += 1) {
    let memory: WebAssembly.Memory | undefined
    const start = performance.now()
    const result = await demo.use((imports) => {
      const instance = instantiate(
        typeof imports === 'function' ? (given) => imports((memory = given)) : imports,
      )
      memory ??= Object.values(instance.exports).find((value) => value instanceof WebAssembly.Memory)
      return instance
    })
    times.push(milliseconds(start).toFixed(1))
    grownTo = Math.max(grownTo, (memory?.buffer.byteLength ?? 0) / 65_536)
    results.add(result)
  }
  const [result = ''] = results
  const digest = createHash('sha256').update(result).digest('hex').slice(0, 16)
  const p50 = (alone[instantiations >> 1] ?? 0).toFixed(3)
  const mean = (alone.reduce((sum, time) => sum + time, 0) / instantiations).toFixed(3)
  console.log(
    `${demo.name.padEnd(10)} instantiate p50 ${p50} mean ${mean} ms, use ${times.join(' ')} ms, ` +
      `memory after ${grownTo} pages, result ${digest} (${result.length} characters)`,
  )
  if (results.size !== 1) {
    console.error(`${demo.name}: ${results.size} different results`)
    process.exitCode = 1
  }
}
