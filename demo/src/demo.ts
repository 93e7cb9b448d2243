/**
 * `pnpm demo`: published WebAssembly modules with their published glue, each doing its work natively and in the pool;
 * what an instance costs both ways; what an interpreter's first call costs, from its snapshot too; and what the kernel shows of a module before and after it is dropped.
 *
 * Ends with 1 if a result differs or a mapping remains.
 */
import { Engine } from '@warmslot/engine'
import type { Comparison } from './compare.ts'
import { compare, liveInstances } from './compare.ts'
import { checkInterpreter, timeFirstCalls } from './compare-first-calls.ts'
import { interpreters } from './interpreters/index.ts'
import { kernelView, sharedMemoryBytes } from './kernel-view.ts'
import { demoModules } from './modules/index.ts'
import { bytes, duration, table } from './statistics.ts'

const names = process.argv.slice(2)
const chosen = demoModules.filter((demo) => names.length === 0 || names.includes(demo.name))
if (chosen.length === 0) {
  console.error(
    `No module is called ${names.join(', ')}. There are: ${demoModules.map((demo) => demo.name).join(', ')}.`,
  )
  process.exit(1)
}

const started = performance.now()
const slots = liveInstances * chosen.length
const engine = new Engine({ slots, maxMemoryBytes: 128 * 2 ** 20 })
console.log(`Node ${process.version}, V8 ${process.versions.v8}; ${slots} slots of 128 MiB.`)
console.log(
  `\nEach module works with its published glue, unchanged: once natively, three times in the pool.\n`,
)

let failed = false
const comparisons: Comparison[] = []
for (const [number, demo] of chosen.entries()) {
  const count = `${number + 1}`.padStart(`${chosen.length}`.length)
  const label = `[${count}/${chosen.length}] ${demo.name.padEnd(10)} ${demo.toolChain}: ${demo.work}`
  if (process.stdout.isTTY) process.stdout.write(`${label} ...\r`)
  const comparison = await compare(engine, demo)
  comparisons.push(comparison)
  failed ||= !comparison.equal
  console.log(`${label}: ${comparison.equal ? 'same result as native' : 'RESULT DIFFERS'}`)
}

console.log('\nMaking one instance and letting it go again (pooled: with the reset of its slot):\n')
console.log(
  table([
    [
      'module',
      'native p50',
      'p99',
      'mean',
      'pooled p50',
      'p99',
      'mean',
      'mean ratio',
      'native memory',
      'pooled',
    ],
    ...comparisons.map(({ demo, native, pooled, nativeBytes, pooledBytes }) => [
      demo.name,
      duration(native.p50),
      duration(native.p99),
      duration(native.mean),
      duration(pooled.p50),
      duration(pooled.p99),
      duration(pooled.mean),
      `${(native.mean / pooled.mean).toFixed(1)} x`,
      bytes(nativeBytes),
      bytes(pooledBytes),
    ]),
  ]),
)

const interpreted = interpreters.filter(({ demo }) => chosen.includes(demo))
if (interpreted.length > 0) {
  console.log('\nThe first call of an interpreter, from nothing to the result of a small script:\n')
  const firstCalls = [['interpreter', 'native p50', 'pooled p50', 'from a snapshot p50', 'p99', 'p50 ratio']]
  for (const interpreter of interpreted) {
    const faults = await checkInterpreter(engine, interpreter)
    failed ||= faults.length > 0
    for (const fault of faults) console.error(`WRONG, ${interpreter.demo.name} from its snapshot: ${fault}`)
    for (const withProgram of [false, true]) {
      const { name, native, pooled, snapshot } = await timeFirstCalls(engine, interpreter, withProgram)
      firstCalls.push([
        name,
        duration(native.p50),
        duration(pooled.p50),
        duration(snapshot.p50),
        duration(snapshot.p99),
        `${(native.p50 / snapshot.p50).toFixed(1)} x`,
      ])
    }
  }
  console.log(table(firstCalls))
}

console.log('\nThe drop: what the kernel shows of each image before and after `await module.dispose()`.\n')
const rows = [
  [
    'module',
    'mappings',
    'descriptors',
    'mappings after',
    'descriptors after',
    'slots cleared',
    'memory freed',
  ],
]
const sharedBefore = sharedMemoryBytes()
for (const { demo, module } of comparisons) {
  const before = kernelView(demo.name)
  const receipt = await module.dispose()
  const after = kernelView(demo.name)
  failed ||= before.mappings === 0 || after.mappings + after.descriptors > 0 || !receipt.complete
  rows.push([
    demo.name,
    String(before.mappings),
    String(before.descriptors),
    String(after.mappings),
    String(after.descriptors),
    String(receipt.slotsCleared),
    bytes(receipt.memfdBytesFreed),
  ])
}
console.log(table(rows))
console.log(
  `\nThe machine's shared memory: ${bytes(sharedBefore)} before, ${bytes(sharedMemoryBytes())} after.`,
)

await engine.close()
console.log(`${failed ? 'FAILED' : 'Done'} in ${((performance.now() - started) / 1000).toFixed(1)} s.`)
if (failed) process.exitCode = 1
