/**
 * A process that has nothing, a full pool or as many native instances, and times how long it takes to start a child.
 *
 *     node --expose-gc src/spawns/process.ts nothing|pool|native SLOTS PAGES SPAWNS
 *
 * Prints a distribution as JSON. `spawn` returns when the child has left this process's memory for its own program
 * (execve), so its time is what the event loop stands still: the copying of this process's mappings and page tables.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'

import { Engine } from '@warmslot/engine'

import { collectGarbage } from '../collect-garbage.ts'
import { tenMebibyteGuest } from '../guests/ten-mebibyte-guest.ts'
import { distributionOf } from '../statistics.ts'
import { callExport } from '../uses/use-case.ts'

const [beside = '', ...amounts] = process.argv.slice(2)
const [slots = 0, pages = 0, spawns = 0] = amounts.map(Number)

/** What keeps the instances alive while the children are started. */
const kept: unknown[] = []

async function fill(): Promise<void> {
  if (beside === 'nothing') return
  const engine = beside === 'pool' ? new Engine({ slots, maxMemoryBytes: 16 * 2 ** 20 }) : undefined
  const pooled = await engine?.compile(tenMebibyteGuest())
  const native = new WebAssembly.Module(tenMebibyteGuest())
  for (let slot = 0; slot < slots; slot += 1) {
    const instance = pooled ? engine!.instantiate(pooled) : new WebAssembly.Instance(native)
    callExport(instance.exports, 'run', pages)
    kept.push(instance)
  }
  kept.push(engine)
}

async function startChild(): Promise<number> {
  const start = performance.now()
  const child = spawn('/bin/true', { stdio: 'ignore' })
  const duration = performance.now() - start
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`the child ended with ${code}`)
  return duration
}

await fill()
collectGarbage()
for (let warmUp = 0; warmUp < 5; warmUp += 1) await startChild()
const durations = new Float64Array(spawns)
for (let count = 0; count < spawns; count += 1) durations[count] = await startChild()
console.log(JSON.stringify(distributionOf(durations)))
process.exit(kept.length < 0 ? 1 : 0)
