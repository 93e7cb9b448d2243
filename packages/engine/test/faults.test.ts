/**
 * Every system call of a whole scenario fails once, with each errno that its man page has; every n-th fails; all fail
 * from some call on. No crash, no stale byte, no leak, the metrics right, the next use correct: see the scenario.
 *
 * `WARMSLOT_FAULT_SECONDS=600` adds a longer run with faults drawn by a seed, which a failure names.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { FaultInjector } from '@warmslot/memory-image/testing'
import { runScenario } from './support/fault-scenario.ts'

/** From the calls' man pages, and what security modules and seccomp profiles answer. */
const errnos: Record<string, readonly string[]> = {
  mmap: ['ENOMEM', 'EACCES', 'EAGAIN', 'EPERM', 'ENFILE'],
  munmap: ['ENOMEM', 'EINVAL'],
  mprotect: ['ENOMEM', 'EACCES', 'EPERM'],
  madvise: ['ENOMEM', 'EAGAIN', 'EINVAL', 'EPERM'],
  memfd_create: ['EMFILE', 'ENFILE', 'ENOMEM', 'EPERM'],
  ftruncate: ['EFBIG', 'EINTR', 'EPERM'],
  fcntl: ['EBUSY', 'EPERM'],
  pwrite: ['ENOSPC', 'ENOMEM', 'EINTR', 'EIO'],
  pread: ['EIO', 'EINTR', 'ENOMEM'],
  ioctl: ['ENOMEM', 'EINTR', 'EFAULT', 'ENOTTY', 'EPERM'],
  // In scenarios that are to be the same each time it always fails.
  getrusage: ['EPERM', 'EINVAL'],
}

const seconds = Number(process.env['WARMSLOT_FAULT_SECONDS'] ?? 0)

let calls: readonly string[] = []
const counts = { scenarios: 0, faults: 0, retired: 0 }
const before = { mappings: 0, descriptors: 0 }

/** Mappings of images in this process. */
function images(): number {
  return readFileSync('/proc/self/maps', 'latin1').split('memfd:warmslot').length - 1
}

async function scenario(what: string, injector: FaultInjector, pageFaults = false): Promise<number> {
  try {
    const { failed, retired } = await runScenario(injector, pageFaults)
    counts.scenarios += 1
    counts.faults += failed
    counts.retired += retired
    return failed
  } catch (error) {
    throw new Error(`${what}: ${(error as Error).message}`, { cause: error })
  }
}

beforeAll(async () => {
  await runScenario(() => undefined) // loads what is loaded once
  ;({ calls } = await runScenario(() => undefined))
  before.mappings = images()
  before.descriptors = readdirSync('/proc/self/fd').length
})

afterAll(() => {
  console.log(
    `faults: ${calls.length} system calls in a scenario, ${counts.scenarios} scenarios with ${counts.faults} faults, ` +
      `${counts.retired} slots retired`,
  )
})

describe('a whole scenario', () => {
  it('has calls of every kind, the same each time', async () => {
    expect(calls.length).toBeGreaterThan(100)
    expect(new Set(calls)).toEqual(new Set(Object.keys(errnos).filter((call) => call !== 'munmap')))
    expect((await runScenario(() => undefined)).calls).toEqual(calls)
  })

  it('with one call failing, whichever it is, by whatever errno', async () => {
    for (const [place, call] of calls.entries()) {
      if (call === 'getrusage') continue
      const all = errnos[call]!
      // Each errno at the first call of its kind; else one each by turns, all of them in a long run.
      const first = calls.indexOf(call) === place
      for (const errno of first || seconds > 0 ? all : [all[place % all.length]!]) {
        const failed = await scenario(`call ${place + 1}, ${call}: ${errno}`, ({ total }) =>
          total === place + 1 ? errno : undefined,
        )
        expect(failed).toBe(1)
      }
    }
  })

  it('with every n-th call failing', async () => {
    for (let every = 2; every <= 20; every += 1) {
      for (const offset of new Set([0, 1, every - 1])) {
        const injector: FaultInjector = ({ total, call }) =>
          total % every === offset ? errnos[call]![total % errnos[call]!.length] : undefined
        expect(await scenario(`every ${every}th from ${offset}`, injector)).toBeGreaterThan(0)
      }
    }
  })

  it('with every call failing from some call on', async () => {
    for (let from = 1; from <= calls.length; from += 1) {
      expect(
        await scenario(`from call ${from}`, ({ total }) => (total >= from ? 'ENOMEM' : undefined)),
      ).toBeGreaterThan(0)
    }
  })

  it('with every call of one kind failing from some call on', async () => {
    for (const [call, [errno]] of Object.entries(errnos)) {
      const of = calls.filter((one) => one === call).length
      for (let from = 1; from <= of; from += Math.max(1, Math.floor(of / 8))) {
        await scenario(`${call} from ${from}`, (one) =>
          one.call === call && one.count >= from ? errno : undefined,
        )
      }
    }
  })

  it('with resets that are spared, too', async () => {
    for (let every = 2; every <= 20; every += 1) {
      const injector: FaultInjector = ({ total, call }) =>
        total % every === 0 ? errnos[call]![total % errnos[call]!.length] : undefined
      expect(await scenario(`every ${every}th, page faults counted`, injector, true)).toBeGreaterThan(0)
    }
  })

  it('leaves nothing in the process', () => {
    expect(images()).toBe(before.mappings)
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before.descriptors)
  })

  it.runIf(seconds > 0)('for long, with faults by chance', { timeout: (seconds + 60) * 1000 }, async () => {
    const until = performance.now() + seconds * 1000
    for (let seed = Date.now() % 2 ** 31; performance.now() < until; seed += 1) {
      let state = seed
      const draw = (): number => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
        return state / 2 ** 32
      }
      const share = draw() ** 3
      const injector: FaultInjector = ({ call }) => {
        const one = errnos[call]!
        return draw() < share ? one[Math.floor(draw() * one.length)] : undefined
      }
      await scenario(`seed ${seed}`, injector, seed % 2 === 0)
    }
  })
})
