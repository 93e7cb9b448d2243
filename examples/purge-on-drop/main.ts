/**
 * Purge on drop: dropping a module removes every mapping of its memory image, whatever the allocation strategy.
 *
 * Closing the memfd would not be enough: each slot that maps it keeps its memory alive. We ask the kernel, through
 * /proc/self/maps, before and after.
 */
import { readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'

import { Engine, nextAvailable, random, reuseAffinity } from '@warmslot/engine'

import { visitCounterBytes } from '../guest/visit-counter.ts'

const slots = 8

/** How many lines of /proc/self/maps map a module's image. The image's name holds the module's label. */
function mappingsOf(label: string): number {
  const lines = readFileSync('/proc/self/maps', 'utf8').split('\n')
  return lines.filter((line) => line.includes('/memfd:') && line.includes(label)).length
}

for (const strategy of [reuseAffinity(), nextAvailable(), random({ seed: 1 })]) {
  const engine = new Engine({ slots, maxMemoryBytes: 2 ** 20, strategy })
  const red = await engine.compile(visitCounterBytes, { label: 'red' })
  const blue = await engine.compile(visitCounterBytes, { label: 'blue' })

  // All slots are used, by turns; the modules are idle afterwards, but for one instance of red.
  const instances = Array.from({ length: slots }, (_, use) => engine.instantiate(use % 2 === 0 ? red : blue))
  const [busy, ...idle] = instances
  for (const instance of idle) instance.release()

  console.log(
    `${strategy.name}: the kernel shows ${mappingsOf('red')} mappings of red, ${mappingsOf('blue')} of blue`,
  )

  const dropped = red.dispose()
  // The idle slots are cleared in the next turns of the event loop; the one that is busy waits for its release.
  while (mappingsOf('red') > 1) await setImmediate()
  console.log(`  red is dropped, and one instance still runs: ${mappingsOf('red')} mapping is left`)
  busy?.release()
  const receipt = await dropped
  console.log(
    `  the receipt: ${receipt.slotsCleared} slots cleared, ${receipt.mappingsRemoved} mappings removed, ` +
      `${receipt.memfdsClosed} memfd closed, waited for ${receipt.waitedForInstances} instance`,
  )
  console.log(`  the kernel shows ${mappingsOf('red')} mappings of red, ${mappingsOf('blue')} of blue`)
  if (!receipt.complete || mappingsOf('red') > 0) process.exitCode = 1
  await engine.close()
}
