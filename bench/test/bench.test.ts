/** The bench runs through and writes what it should. No figure is looked at beyond being one. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { tenMebibyteGuest } from '../src/guests/ten-mebibyte-guest.ts'
import { signed, unsigned } from '../src/guests/module-writer.ts'
import { replaceSection } from '../src/report/readme-section.ts'
import { rounded } from '../src/report/format.ts'
import { summaryOf } from '../src/report/markdown.ts'
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
      'ten-mebibyte-10',
      'ten-mebibyte-100',
      'adjoining-1000',
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
    expect(results.peers).toHaveLength(13)
    for (const { sides } of results.peers) {
      expect(sides.pooled!.uses).toBe(results.amounts.peerRounds * results.amounts.peerUses)
      for (const side of Object.values(sides)) {
        expect(side.uses).toBe(sides.pooled!.uses)
        expect(side.p50).toBeGreaterThan(0)
      }
    }
  })

  it('times the allocator and the purge', () => {
    expect(results.allocator).toHaveLength(3 * results.amounts.capacities.length)
    for (const { pairNs } of results.allocator) expect(pairNs).toBeGreaterThan(0)
    const sizes = [3, 10, 10, 10, 12]
    const pages = [10, 0, 10, 100, 10]
    expect(results.purge.map(({ slots }) => slots)).toEqual(sizes)
    const held = results.purge.map(({ residentBytesPerSlot }) => residentBytesPerSlot / 4096)
    expect(held).toEqual(pages)
  })

  it('times whole uses of published modules', () => {
    expect(results.wholeUses.map(({ name }) => name)).toEqual(results.amounts.wholeModules)
    for (const { native, pooled } of results.wholeUses)
      expect([native.uses, pooled.uses]).toEqual([results.amounts.wholeUses, results.amounts.wholeUses])
  })

  it('times first calls of an interpreter in each way', () => {
    expect(results.firstCalls.map(({ name }) => name)).toEqual(['quickjs', 'quickjs-program'])
    for (const { ways, ratio } of results.firstCalls) {
      expect(ways.native.uses).toBe(results.amounts.firstCalls)
      expect(ways.snapshot.uses).toBe(20 * results.amounts.firstCalls)
      expect(ratio.p50).toBeCloseTo(ways.native.p50 / ways.snapshot.p50)
    }
  })

  it('says how often several modules found their image', () => {
    expect(results.turns).toHaveLength(3 * 3)
    for (const { modules, hitRate, strategy } of results.turns) {
      expect(hitRate).toBeLessThanOrEqual(1)
      // Fewer modules than slots, under the strategy that remembers: all of them.
      if (modules < 100 && strategy === 'reuseAffinity') expect(hitRate).toBe(1)
    }
  })

  it('times uses in threads', () => {
    expect(results.threads.map(({ name }) => name)).toEqual([
      'native-1',
      'pooled-1',
      'native-2',
      'pooled-2',
      'worker-each',
    ])
    for (const { usesPerSecond, use } of results.threads) {
      expect(usesPerSecond).toBeGreaterThan(0)
      expect(use.p50).toBeGreaterThan(0)
    }
  })

  it('looks at the memory of a pool at each step', () => {
    const { slots, pages, steps } = results.memory
    const [one, inUse, released, trimmed, purged] = steps.map(({ pssMib }) => pssMib)
    expect([slots, pages]).toEqual([results.amounts.memorySlots, 100])
    const writtenMib = (slots * pages * 4) / 1024
    // The heap moves as well, by less than what was written.
    expect(inUse! - one!).toBeGreaterThan(writtenMib / 2)
    expect(released! - trimmed!).toBeGreaterThan(writtenMib / 2)
    expect(Math.abs(purged! - trimmed!)).toBeLessThan(writtenMib)
    // The image of 1 MiB; the machine's other programs may have some as well.
    expect(steps[3]!.shmemMib).toBeGreaterThan(0.9)
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
    expect(results.version).toBe(2)
    expect(results.machine.node).toBe(process.versions.node)
    expect(results.machine.cores).toBeGreaterThan(0)
    expect(Object.keys(results.machine).toSorted()).toEqual(
      ['cores', 'cpu', 'hugePages', 'kernel', 'loadAtStart', 'memoryGib', 'node', 'v8'].toSorted(),
    )
  })

  it('writes tables and a picture', () => {
    const markdown = readFileSync(`${folder}/trial.md`, 'utf8')
    const picture = readFileSync(`${folder}/trial.svg`, 'utf8')
    const beside = readFileSync(`${folder}/trial-peers.svg`, 'utf8')
    for (const { title } of results.uses) {
      expect(markdown).toContain(`| ${title} `)
      expect(output).toContain(`| ${title} `)
      expect(picture).toContain(`>${title}</text>`)
    }
    for (const { title } of results.peers) expect(beside).toContain(`>${title}</text>`)
    expect(`${markdown}${picture}${beside}`).not.toMatch(/NaN|undefined|Infinity/)
    expect(summaryOf(results, 'trial', '.')).toContain('(./trial-peers.svg)')
  })
})

describe('parts', () => {
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
