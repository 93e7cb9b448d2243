/**
 * A child that an addon makes with fork(2) and that never runs a program of its own has nothing of any slot. Node.js's own
 * children are such ones for the milliseconds between fork(2) and execve(2).
 */

import { expect, test } from 'vitest'
import { entry, runScript } from './support/run-script.ts'

test('whatever a slot goes through, a forked child has no byte of it', () => {
  const result = runScript(`
    import { createRequire } from 'node:module'
    import { readFileSync } from 'node:fs'
    import { MemoryImage, RawReservation, SlotMemory, addressOf } from ${JSON.stringify(entry)}
    const library = createRequire(${JSON.stringify(entry)})('koffi').load(null)
    const fork = library.func('int fork()')
    const pause = library.func('int pause()')
    const kill = library.func('int kill(int pid, int signal)')
    const waitpid = library.func('int waitpid(int pid, uintptr_t status, int options)')

    const wasmPage = 65536
    const memory = new WebAssembly.Memory({ initial: 16, maximum: 16 })
    const reservations = [
      new RawReservation(16 * wasmPage), { base: addressOf(memory.buffer), byteLength: 16 * wasmPage }]
    const small = MemoryImage.fromBytes(Uint8Array.of(1))
    const later = MemoryImage.fromBytes(new Uint8Array(3 * wasmPage).fill(2), { offset: wasmPage })

    const steps = {
      prepare: (slot) => slot.prepare(small, 2 * wasmPage),
      write: (slot) => slot.write(70_000, Uint8Array.of(1)),
      grow: (slot) => slot.grow(5 * wasmPage),
      reset: (slot) => slot.reset(),
      'another image': (slot) => slot.prepare(later, 6 * wasmPage),
      'written all over': (slot) => slot.write(0, new Uint8Array(6 * wasmPage).fill(9)),
      'given back': (slot) => slot.reset(),
      'another size': (slot) => slot.prepare(later, 4 * wasmPage),
      'no image': (slot) => slot.prepare(undefined, 16 * wasmPage),
      wipe: (slot) => slot.wipe(),
    }
    // What the child may read, or could, were it let. An inaccessible mapping of nothing is left by a wipe.
    const held = (maps, { base, byteLength }) => maps.split('\\n').filter((line) => {
      const [range, permissions, , , , name = ''] = line.split(/ +/)
      const [start, end] = range.split('-').map((part) => Number.parseInt(part, 16))
      return start < base + byteLength && end > base && (permissions !== '---p' || name !== '')
    }).length
    const stop = 19
    // A child without V8's other threads dies soon, and what is read of it then ends too early: until it is whole.
    const mapsOfChild = () => {
      for (;;) {
        const pid = fork()
        if (pid === 0) for (;;) pause()
        kill(pid, stop)
        const maps = readFileSync('/proc/' + pid + '/maps', 'latin1')
        kill(pid, 9)
        waitpid(pid, 0, 0)
        if (maps.includes('[vdso]')) return maps
      }
    }
    for (const reservation of reservations) {
      const slot = new SlotMemory(reservation)
      for (const [name, step] of Object.entries(steps)) {
        step(slot)
        const maps = mapsOfChild()
        const own = readFileSync('/proc/self/maps', 'latin1')
        console.log(name, held(maps, reservation), maps.includes('warmslot'), own.includes('[vdso]'))
      }
    }
  `)
  expect(result).toMatchObject({ status: 0, signal: null, stderr: '' })
  const lines = result.stdout.trim().split('\n')
  expect(lines).toHaveLength(20)
  for (const line of lines) expect(line).toMatch(/ 0 false true$/u)
})
