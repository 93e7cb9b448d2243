/**
 * Snapshots: a module is initialised once, and each instance starts where that ended; what must be different in each use is set
 * when it is handed out.
 */
import { Engine, type PooledInstance } from '@warmslot/engine'

import { primeReactorBytes, type PrimeReactor } from '../guest/prime-reactor.ts'

const exportsOf = (instance: PooledInstance): PrimeReactor => instance.exports as unknown as PrimeReactor

const engine = new Engine({ slots: 2, maxMemoryBytes: 2 ** 20 })
const module = await engine.compile(primeReactorBytes, { label: 'primes' })

{
  const instance = engine.instantiate(module)
  try {
    exportsOf(instance).isPrime(97)
  } catch (error) {
    console.log(`not initialised: ${(error as Error).message}`)
  }
  instance.release()
}

let initialisations = 0
let uses = 0
const ready = await engine.snapshot(
  module,
  undefined,
  (instance) => {
    initialisations += 1
    exportsOf(instance)._initialize()
    exportsOf(instance).setSeed(1)
  },
  { label: 'primes, sieved', afterRestore: (instance) => exportsOf(instance).setSeed(1000 * ++uses) },
)

const numbers: number[] = []
for (let use = 0; use < 3; use += 1) {
  const instance = engine.instantiate(ready)
  const { isPrime, random } = exportsOf(instance)
  console.log(`use ${use + 1}: 97 is prime: ${isPrime(97) === 1}, 91 is prime: ${isPrime(91) === 1}`)
  numbers.push(random())
  instance.release()
}
console.log(`initialised ${initialisations} time, used ${uses} times`)
console.log(`random numbers of three uses differ: ${new Set(numbers).size === 3}`)

const { kernel } = await ready.dispose()
console.log(
  `disposed; the kernel has ${kernel.mappings} mappings of the snapshot, and the module it came of still works:`,
)
const again = engine.instantiate(module)
console.log(`  ${Object.keys(again.exports).join(', ')}`)
again.release()
await engine.close()
