/**
 * A strategy of your own: a class with one method, and the conformance suite that says whether it may be used.
 *
 * In a project of yours the suite runs in your test framework, whose `test` you hand in:
 *
 *     import { test } from 'node:test'
 *     strategyConformance({ test, createStrategy: () => new LongestRest() })
 */
import { IndexAllocator, nextAvailable } from '@warmslot/index-allocator'
import { strategyConformance } from '@warmslot/index-allocator/conformance'

import { LongestRest } from './longest-rest.ts'

/** The slots that ten uses get, one after the other, each freed before the next. */
function slotsOfTenUses(allocator: IndexAllocator): string {
  const slots: number[] = []
  for (let use = 0; use < 10; use += 1) {
    const slot = allocator.allocate(7)
    if (slot === undefined) throw new Error('all slots are taken')
    slots.push(slot)
    allocator.free(slot)
  }
  return slots.join(' ')
}

console.log('Ten uses of four slots:')
for (const strategy of [nextAvailable(), new LongestRest()]) {
  console.log(
    `  ${strategy.name.padEnd(14)} ${slotsOfTenUses(new IndexAllocator({ capacity: 4, strategy }))}`,
  )
}

console.log('\nThe conformance suite:')
let passed = 0
let failed = 0
strategyConformance({
  createStrategy: () => new LongestRest(),
  test(name, run) {
    try {
      run()
      passed += 1
      console.log(`  passed  ${name}`)
    } catch (error) {
      failed += 1
      console.log(`  FAILED  ${name}: ${String(error)}`)
    }
  },
})
console.log(`${passed} passed, ${failed} failed`)

// What a wrong strategy meets with: the allocator checks each choice, and changes nothing.
const stubborn = new IndexAllocator({ capacity: 4, strategy: { name: 'stubborn', choose: () => 0 } })
stubborn.allocate()
try {
  stubborn.allocate()
} catch (error) {
  console.log(`\nA strategy that always says 0: ${String(error)}`)
}

if (failed > 0) process.exitCode = 1
