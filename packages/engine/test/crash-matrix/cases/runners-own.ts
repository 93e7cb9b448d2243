/** Bad scripts: a runner that does not see each of them as what it is would see nothing. */
import { addressOf, viewOver } from '@warmslot/memory-image'

import type { Case } from '../case.ts'
import { probe } from '../world.ts'

const text = '(module (memory (export "m") 1 4))'

export const runnersOwn: readonly Case[] = [
  { name: 'a good case before', run: () => 1 },
  {
    name: 'a raw read of a protected page',
    async run({ side, open }) {
      if (side === 'V8') return 0
      const { memories } = await open(text)
      return viewByte(memories[0]!.buffer, 65_536)
    },
  },
  { name: 'an abort', run: ({ side }) => side === 'pool' && process.abort() },
  {
    name: 'a hang',
    run({ side }) {
      if (side === 'pool') process.kill(process.pid, 'SIGSTOP')
    },
  },
  { name: 'another result', run: ({ side }) => side },
  {
    name: 'another message',
    run({ side }) {
      throw new RangeError(side)
    },
  },
  {
    name: 'a byte of an earlier use',
    only: 'pool',
    async run({ open }) {
      const { memories, end } = await open(probe)
      const raw = new Uint8Array(viewOver(addressOf(memories[0]!.buffer), 65_536))
      end()
      // The slot is at its baseline, and mapped for its next use already.
      raw[100] = 1
    },
  },
  {
    name: 'an abort after the case has returned',
    only: 'pool',
    run: () => setImmediate(() => process.abort()),
  },
  { name: 'a wrong status', only: 'pool', alone: true, run: () => process.exit(3) },
  { name: 'a good case after', run: () => 1 },
]

function viewByte(buffer: ArrayBuffer, at: number): number {
  return new Uint8Array(viewOver(addressOf(buffer) + at, 1))[0]!
}
