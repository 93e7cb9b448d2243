/**
 * Allocate indexes: which slot? `@warmslot/index-allocator` alone, with no memory behind it.
 *
 * Four slots, two modules. A module gets its own slot back while it can; when a module is dropped, the allocator finds the
 * slots that remember it, and no others.
 */
import { IndexAllocator, reuseAffinity } from '@warmslot/index-allocator'

const red = 1
const blue = 2
const names = new Map([
  [red, 'red'],
  [blue, 'blue'],
])

const allocator = new IndexAllocator({ capacity: 4, strategy: reuseAffinity() })

/** One line: what each slot remembers, in brackets while it is in use. */
function show(what: string): void {
  const slots = Array.from({ length: allocator.capacity }, (_, slot) => {
    const key = allocator.affinityOf(slot)
    const name = key === undefined ? '-' : (names.get(key) ?? '?')
    return (allocator.isTaken(slot) ? `[${name}]` : ` ${name} `).padEnd(8)
  })
  console.log(`${what.padEnd(50)}${slots.join('')}`)
}

function take(key: number): number {
  const slot = allocator.allocate(key)
  if (slot === undefined) throw new Error('all slots are taken')
  return slot
}

show('four slots that nobody has used')

const first = take(red)
const second = take(red)
const third = take(blue)
show('two uses of red, one of blue')

allocator.free(first)
allocator.free(third)
allocator.free(second)
show('all three freed: each remembers its module')

const again = take(blue)
show(`blue comes back, and finds slot ${third} again: ${again === third}`)
allocator.free(again)

// Red is dropped. Each of its slots comes out once, already forgotten; its memory would be cleared before `free`.
for (;;) {
  const slot = allocator.allocateAffineAndClearAffinity(red)
  if (slot === undefined) break
  show(`red is dropped: slot ${slot} is being cleared`)
  allocator.free(slot)
}
show('red is gone, blue has its slot')

const slots = [take(red), take(red), take(red)]
show("three for red again, and blue's slot is spared")

const stolen = take(red)
show(`a fourth takes blue's slot ${stolen}, the last one`)
console.log(`a fifth finds none free: ${allocator.allocate(red)}`)

for (const slot of [...slots, stolen]) allocator.free(slot)
const { affine, withoutAffinity, untouched, evicted } = allocator.totals
console.log(
  `allocations so far: ${affine} found their module's slot, ${withoutAffinity} a cleared one, ${untouched} a new one, ${evicted} evicted another module`,
)
