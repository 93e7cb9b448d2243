/**
 * A process with many slots, that says what memory it takes at each step: with its instances in use, released, after a trim of
 * the idle slots, after the purge.
 *
 *     node --expose-gc src/memory/process.ts SLOTS PAGES
 *
 * Prints the steps as JSON. Judges: /proc/self/smaps_rollup, and the machine's shared memory in /proc/meminfo: an image's bytes count
 * there, whether a process has touched them or not.
 */
import { Engine, type PooledInstance } from '@warmslot/engine'
import { readFileSync } from 'node:fs'

import { collectGarbage } from '../collect-garbage.ts'
import { tenMebibyteGuest } from '../guests/ten-mebibyte-guest.ts'
import { callExport } from '../uses/use-case.ts'
import type { MemoryStep } from '../measure-memory.ts'

const [slots = 0, pages = 0] = process.argv.slice(2).map(Number)

function mibOf(text: string, name: string): number {
  return Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(text)?.[1] ?? Number.NaN) / 1024
}

function look(title: string): MemoryStep {
  collectGarbage()
  const text = readFileSync('/proc/self/smaps_rollup', 'utf8')
  return {
    title,
    rssMib: mibOf(text, 'Rss'),
    pssMib: mibOf(text, 'Pss'),
    shmemMib: mibOf(readFileSync('/proc/meminfo', 'utf8'), 'Shmem'),
  }
}

const engine = new Engine({
  slots,
  maxMemoryBytes: 16 * 2 ** 20,
  idleTrimMs: Infinity,
  memoryPressure: false,
})
const module = await engine.compile(tenMebibyteGuest())
engine.instantiate(module).release()
const steps = [look('one slot, released')]
const instances: PooledInstance[] = []
for (let slot = 0; slot < slots; slot += 1) instances.push(engine.instantiate(module))
for (const { exports } of instances) callExport(exports, 'run', pages)
steps.push(look('all slots in use'))
for (let instance = instances.pop(); instance !== undefined; instance = instances.pop()) instance.release()
steps.push(look('all released, reset'))
await engine.trim()
steps.push(look('trimmed'))
await module.dispose()
steps.push(look('module purged'))
await engine.close()
steps.push(look('engine closed'))
console.log(JSON.stringify(steps))
