/** Each example as a newcomer runs it: a process of its own, which ends well and says what it is there to say. */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'

import { describe, expect, it } from 'vitest'

const folder = `${import.meta.dirname}/..`
const run = promisify(execFile)

/** What each example must print, in this order. */
const expected: Record<string, readonly RegExp[]> = {
  'allocate-indexes': [
    /blue comes back, and finds slot 2 again: true/,
    /red is dropped: slot \d is being cleared/,
    /red is gone, blue has its slot +- +- +blue +-/,
    /blue's slot is spared +\[red\] +\[red\] +blue +\[red\]/,
    /a fourth takes blue's slot 2/,
    /none free: undefined/,
    /1 found their module's slot, 2 a cleared one, 4 a new one, 1 evicted another module/,
  ],
  'own-strategy': [
    /nextAvailable +0 0 0 0 0 0 0 0 0 0/,
    /longestRest +0 1 2 3 0 1 2 3 0 1/,
    /passed {2}a purge finds every free slot of its module, and no other/,
    /\b1\d passed, 0 failed/,
    /always says 0: StrategyChoiceError/,
  ],
  'share-one-image': [
    /image: 8,192 KiB in one memfd/,
    /50 mappings, 1 descriptor, for 50 slots/,
    /own pages take 0 KiB/,
    /slot 0 reads 9 9 9 9, slot 1 reads 232 233 234 235/,
    /own pages now take 4 KiB/,
    /finds the image \(affine\): 232 233 234 235/,
    /50 mappings removed, 1 memfd closed; the kernel: 0 mappings, 0 descriptors/,
  ],
  'pooled-instances': [
    /two visits later it is at 102/,
    /grown to 4 pages, the host sees 262144 bytes/,
    /second use, beside it: 101 after one visit, 1 page/,
    /third use: WARMSLOT_POOL_EXHAUSTED/,
    /third use, on the slot of the first: 101 after one visit, 1 page/,
    /after its release: WARMSLOT_INSTANCE_RELEASED/,
    /1000 more uses, each saw 101; of all 1003, \d{3,4} were served by a live instance/,
  ],
  'linked-instances': [
    /one memory: shared by two; side reads it too: true/,
    /without JavaScript in between: 20/,
    /side grows it, main sees 2 pages/,
    /main is released, side still works: 28; slots in use: 1/,
    /side too; slots in use: 0/,
  ],
  'start-initialised': [
    /not initialised: unreachable/,
    /use 1: 97 is prime: true, 91 is prime: false/,
    /use 3: 97 is prime: true, 91 is prime: false/,
    /initialised 1 time, used 3 times/,
    /random numbers of three uses differ: true/,
    /the kernel has 0 mappings of the snapshot/,
    /memory, _initialize, isPrime, setSeed, random/,
  ],
  'interpreter-from-snapshot': [
    /use 1 was here; then: use 1 and a friend were here/,
    /use 2 was here; then: use 2 and a friend were here/,
    /random numbers of 200 uses that differ: 200/,
    /199 uses were served by a live instance, 1 by a new one/,
    /from nothing to the first answer: \d+ microseconds/,
  ],
  'stop-a-guest': [
    /before the deadline: 42/,
    /an endless loop: WARMSLOT_DEADLINE_EXCEEDED/,
    /its time is up for good: WARMSLOT_DEADLINE_EXCEEDED/,
    /with more time: 42/,
    /without a deadline: 42/,
  ],
  'serve-modules': [
    /put primes-1: 201/,
    /the last primes below 100,000 are 99971, 99989, 99991/,
    /put primes-2: 201/,
    /primes-1 is deleted: [12] slots cleared, the kernel has 0 mappings, complete: true/,
    /a request is answered with 200/,
    /primes-2 is deleted: \d slots cleared, the kernel has 0 mappings, complete: true/,
    /a request is answered with 404/,
  ],
  'purge-on-drop': ['reuseAffinity', 'nextAvailable', 'random'].flatMap((strategy) => [
    new RegExp(`${strategy}: the kernel shows 4 mappings of red, 4 of blue`),
    /one instance still runs: 1 mapping is left/,
    /4 slots cleared, 4 mappings removed, 1 memfd closed, waited for 1 instance/,
    /the kernel shows 0 mappings of red, 4 of blue/,
  ]),
}

describe('examples', () => {
  it('are all tested, and all in the README', () => {
    const present = readdirSync(folder).filter((name) => existsSync(`${folder}/${name}/main.ts`))
    expect(present.toSorted()).toEqual(Object.keys(expected).toSorted())
    const readme = readFileSync(`${folder}/README.md`, 'utf8')
    for (const name of present) expect(readme).toContain(`start ${name}\``)
  })

  it('are listed where none is named', async () => {
    const failure = (await run(process.execPath, ['start.ts'], { cwd: folder }).catch(
      (error: unknown) => error,
    )) as { code: number; stderr: string }
    expect(failure.code).toBe(1)
    for (const name of Object.keys(expected)) expect(failure.stderr).toContain(name)
  })

  for (const [name, patterns] of Object.entries(expected)) {
    it(name, async () => {
      // A process that does not end well is a rejection.
      const { stdout, stderr } = await run(process.execPath, ['start.ts', name], { cwd: folder })
      expect(stderr).toBe('')
      let position = 0
      for (const pattern of patterns) {
        const rest = stdout.slice(position)
        expect(rest).toMatch(pattern)
        const found = pattern.exec(rest)
        position += (found?.index ?? 0) + (found?.[0].length ?? 0)
      }
    })
  }
})
