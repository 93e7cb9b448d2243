/** The bench runs through and writes what it should. No figure is looked at beyond being one. */
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { guestWorks } from '../src/guests/guest-works.ts'
import { tenMebibyteGuest } from '../src/guests/ten-mebibyte-guest.ts'
import type { PurgeOutcome } from '../src/purge/measure-purge.ts'
import { signed, unsigned } from '../src/guests/module-writer.ts'
import { replaceSection } from '../src/report/readme-section.ts'
import { rounded } from '../src/report/format.ts'
import type { BenchResults } from '../src/report/results.ts'
import { distributionOf } from '../src/statistics.ts'

const run = promisify(execFile)

describe('a quick run', () => {
  const folder = mkdtempSync(`${tmpdir()}/warmslot-bench-`)
  let output = ''
  let results: BenchResults

  beforeAll(async () => {
    const words = ['--expose-gc', 'src/main.ts', '--quick', '--out', folder, '--name', 'trial']
    output = (await run(process.execPath, words, { cwd: `${import.meta.dirname}/..` })).stdout
    results = JSON.parse(readFileSync(`${folder}/trial.json`, 'utf8')) as BenchResults
  })

  afterAll(() => rmSync(folder, { recursive: true }))

  it('times every case on both sides', () => {
    expect(results.uses.map(({ name }) => name)).toEqual([
      'grow-17',
      'ten-mebibyte-0',
      'ten-mebibyte-1',
      'ten-mebibyte-10-adjoining',
      'ten-mebibyte-10-second',
      'ten-mebibyte-100-adjoining',
      'ten-mebibyte-100-second',
      'ten-mebibyte-1000-adjoining',
      'ten-mebibyte-1000-second',
      'ten-mebibyte-1-after-1000-1',
      'ten-mebibyte-1-after-1000-20',
      'ten-mebibyte-1-stolen',
      'sqlite',
      'sqlite-new-imports',
    ])
    for (const { name, native, pooled } of results.uses) {
      for (const side of [native, pooled]) {
        expect(side.uses, name).toBe(
          results.amounts.rounds * (name.startsWith('sqlite') ? results.amounts.usesOfRealModule : 5),
        )
        expect(side.p50, name).toBeGreaterThan(0)
        expect(side.p99, name).toBeGreaterThanOrEqual(side.p50)
        expect(side.max, name).toBeGreaterThanOrEqual(side.p99)
        expect(side.mean, name).toBeLessThanOrEqual(side.max)
      }
    }
  })

  it('times work with and without deadlines, and stops guests', () => {
    const { costs, lateness } = results.deadlines
    expect(costs.map(({ name }) => name)).toEqual(results.amounts.deadlineModules)
    for (const { ratio } of costs) expect(ratio.mean).toBeGreaterThan(0)
    expect(lateness.uses).toBe(results.amounts.stops)
  })

  it('times the pool beside the peers that are there', () => {
    const { peers, amounts } = results
    expect(peers.map(({ name }) => name)).toEqual(guestWorks.map(({ name }) => name))
    for (const [index, { name, sides }] of peers.entries()) {
      const uses = amounts.peerRounds * Math.max(1, amounts.peerUses * guestWorks[index]!.share)
      const after = name.includes('after')
      expect(Object.keys(sides)).toEqual(
        expect.arrayContaining(['pooled', 'pooledKeeping', 'native', ...(after ? [] : ['workerPerUse'])]),
      )
      for (const side of ['pooled', 'pooledKeeping', 'wasmtime', 'wasmtimeBest', 'floor'] as const) {
        expect(sides[side]?.uses ?? uses, name).toBe(uses)
      }
      for (const side of Object.values(sides)) expect(side.p50).toBeGreaterThan(0)
    }
  })

  it('uses modules in turn under each strategy, and counts the hits', () => {
    const { turns, amounts } = results
    for (const { modules, slots } of amounts.turnScenarios) {
      const rows = turns.filter((row) => row.modules === modules && row.slots === slots)
      expect(rows.map(({ side }) => side)).toEqual(['reuseAffinity', 'nextAvailable', 'random'])
      const [affine, next, any] = rows.map(({ hits }) => hits!)
      // As many modules as fit hit always with affinity; with the slot that was freed last, only a single one does.
      expect(affine!.hitRate).toBe(modules <= slots ? 1 : 0)
      expect(next!.hitRate).toBe(modules === 1 ? 1 : 0)
      expect(any!.hitRate + any!.stealRate).toBe(1)
      for (const { use } of rows) expect(use.uses).toBe(amounts.rounds * Math.max(amounts.turnUses, modules))
    }
  })

  it('times real uses of real modules', () => {
    const { realCalls, amounts } = results
    expect(realCalls.map(({ name }) => name)).toEqual(amounts.realModules)
    for (const { native, pooled } of realCalls) {
      for (const { use, instance } of [native, pooled]) {
        expect(use.uses).toBe(amounts.rounds * amounts.realCalls)
        expect(instance.mean).toBeGreaterThan(0)
        expect(instance.mean).toBeLessThan(use.mean)
      }
    }
  })

  it('times one thread and two', () => {
    const { threads: rows, amounts } = results
    const pooled = rows.filter(({ side }) => side === 'pooled')
    expect(pooled.map(({ threads }) => threads)).toEqual(amounts.threadWorks.flatMap(() => [1, 2]))
    for (const { threads, use, usesPerSecond } of pooled) {
      expect(use.uses).toBe(threads * amounts.peerRounds * amounts.peerUses)
      expect(usesPerSecond * use.mean).toBeCloseTo(threads * 1e6)
    }
    expect(rows.filter(({ side }) => side === 'native')).toHaveLength(pooled.length)
  })

  it('times the allocator and the purge', () => {
    expect(results.allocator).toHaveLength(3 * results.amounts.capacities.length)
    for (const { pairNs } of results.allocator) expect(pairNs).toBeGreaterThan(0)
    const { rows, leftOut } = results.purge
    expect(rows.map(({ name }) => name)).toEqual(['10-dirty-0', '10-dirty-10', '10-dirty-100'])
    expect(rows.map(({ residentBytesPerSlot }) => residentBytesPerSlot / 4096)).toEqual([0, 10, 100])
    expect(leftOut).toEqual([])
  })

  it('looks at the memory in each state', () => {
    const { pool, native, slots, pages } = results.memory
    expect(Object.keys(pool).filter((state) => state !== 'trimmed')).toEqual([
      'before',
      'inUse',
      'released',
      'purged',
    ])
    expect(Object.keys(native)).toEqual(['before', 'inUse', 'released'])
    const written = slots * pages * 4096
    for (const { before, inUse } of [pool, native]) {
      expect(inUse!.pssBytes - before!.pssBytes).toBeGreaterThan(written)
    }
    // The pages of the image that were read are shared; those of native instances are each one's own.
    expect(pool.inUse!.pssShmemBytes).toBeGreaterThan(0)
    expect(pool.purged!.pssShmemBytes).toBe(0)
  })

  it('times children beside nothing, a pool and native instances', () => {
    expect(results.spawns.map(({ name }) => name)).toEqual(['nothing', 'pool', 'native'])
    for (const { spawn } of results.spawns) {
      expect(spawn.uses).toBe(results.amounts.spawns)
      expect(spawn.p50).toBeGreaterThan(0)
      expect(spawn.p99).toBeGreaterThanOrEqual(spawn.p50)
    }
  })

  it('says what it ran on, and nothing that tells whose machine it is', () => {
    expect(results.version).toBe(1)
    expect(results.machine.node).toBe(process.versions.node)
    expect(results.machine.cores).toBeGreaterThan(0)
    expect(Object.keys(results.machine).toSorted()).toEqual(
      ['cores', 'cpu', 'hugePages', 'kernel', 'loadAtStart', 'memoryGib', 'node', 'v8'].toSorted(),
    )
  })

  it('writes tables and pictures', () => {
    const markdown = readFileSync(`${folder}/trial.md`, 'utf8')
    const picture = readFileSync(`${folder}/trial.svg`, 'utf8')
    for (const { title } of results.uses) {
      expect(markdown).toContain(`| ${title} `)
      expect(output).toContain(`| ${title} `)
      expect(picture).toContain(`>${title}</text>`)
    }
    const others = ['peers', 'real', 'memory'].map((what) => {
      expect(markdown).toContain(`](./trial-${what}.svg)`)
      return readFileSync(`${folder}/trial-${what}.svg`, 'utf8')
    })
    for (const { title, sides } of results.peers) {
      expect(others[0]).toContain(`>${title}</text>`)
      for (const side of Object.keys(sides)) expect(others[0]).toContain(`<g class="${side}"><title>`)
    }
    expect(others[2]).toContain('>pooled, all in use</text>')
    expect(`${markdown}${picture}${others.join('')}`).not.toMatch(/NaN|undefined|Infinity/)
  })
})

describe('parts', () => {
  // 16,000 slots take up to 80,000 mappings: where those are allowed, they would be made.
  const mappings = Number(readFileSync('/proc/sys/vm/max_map_count', 'utf8'))
  it.skipIf(mappings > 80_000)(
    'a purge of more slots than there is room for is left out, with the reason',
    () => {
      const words = ['--expose-gc', 'src/purge/process.ts', '16000', '1', '0']
      const output = execFileSync(process.execPath, words, {
        cwd: `${import.meta.dirname}/..`,
        encoding: 'utf8',
      })
      const { rows, leftOut } = JSON.parse(output) as PurgeOutcome
      expect(rows).toEqual([])
      expect(leftOut).toMatchObject([{ slots: 16_000, reason: expect.stringMatching(/^16000 slots need/) }])
    },
  )

  it('refuses an option that there is not', async () => {
    const failing = run(process.execPath, ['--expose-gc', 'src/main.ts', '--fast'], {
      cwd: `${import.meta.dirname}/..`,
    })
    await expect(failing).rejects.toMatchObject({ stderr: expect.stringContaining("'--fast'") as string })
  })

  it('percentiles are measured values, the mean holds everything', () => {
    const durations = Float64Array.from({ length: 100 }, (_, index) => (index + 1) / 1000)
    expect(distributionOf(durations)).toMatchObject({ uses: 100, p50: 50, p99: 99, max: 100 })
    expect(distributionOf(durations).mean).toBeCloseTo(50.5)
  })

  it('LEB128 at its edges', () => {
    expect([unsigned(127), unsigned(128), unsigned(65_536)]).toEqual([[127], [128, 1], [128, 128, 4]])
    expect([signed(63), signed(64), signed(-1), signed(102_400)]).toEqual([
      [63],
      [192, 0],
      [127],
      [128, 160, 6],
    ])
  })

  it('the guest writes to as many pages as it is told', () => {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(tenMebibyteGuest()))
    const { memory, run: write } = exports as unknown as {
      memory: WebAssembly.Memory
      run(pages: number): number
    }
    const before = new Uint8Array(memory.buffer.slice(0))
    expect(write(12)).toBe(12 * 100 * 1024)
    const after = new Uint8Array(memory.buffer)
    const pages = new Set<number>()
    for (const [address, byte] of after.entries()) if (byte !== before[address]) pages.add(address >> 12)
    expect([...pages]).toEqual(Array.from({ length: 12 }, (_, index) => index * 25))
  })

  it('the pages of each work are as many as it says, at its distance', () => {
    for (const { guest, argument, shape, name } of guestWorks.filter((work) => work.name !== 'grow-17')) {
      const { exports } = new WebAssembly.Instance(new WebAssembly.Module(guest))
      const { memory, run: write } = exports as unknown as {
        memory: WebAssembly.Memory
        run(pages: number): number
      }
      const words = new Uint32Array(memory.buffer)
      const before = words.slice()
      write(argument)
      const pages = new Set<number>()
      for (let index = 0; index < words.length; index += 1) {
        if (words[index] !== before[index]) pages.add(index >> 10)
      }
      const expected = Array.from(
        { length: shape.places },
        (_, place) => (place * shape.distanceBytes) / 4096,
      )
      expect([...pages], name).toEqual(expected)
    }
  })

  it('numbers have three significant digits', () => {
    expect([0, 0.1234, 2.345, 12.34, 1234, 12_345].map(rounded)).toEqual([
      '0',
      '0.123',
      '2.35',
      '12.3',
      '1,230',
      '12,300',
    ])
  })

  it('a section is replaced between its markers, and nowhere else', () => {
    const text = 'before\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nafter\n'
    const replaced = replaceSection(text, 'new\n', 'README.md')
    expect(replaced).toBe('before\n<!-- bench:begin -->\n\nnew\n\n<!-- bench:end -->\nafter\n')
    expect(replaceSection(replaced, 'new', 'README.md')).toBe(replaced)
    expect(() => replaceSection('no markers', 'new', 'README.md')).toThrow('README.md has no section')
  })
})
