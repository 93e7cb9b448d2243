/** The bench runs through and writes what it should. No figure is looked at beyond being one. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { guestWorks } from '../src/guests/guest-works.ts'
import type { BenchResults } from '../src/report/results.ts'

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
      'resvg',
      'resvg-new-imports',
      'sqlite',
      'sqlite-new-imports',
    ])
    const { rounds, usesOfGuest, usesOfRealModule, realModules } = results.amounts
    for (const { name, native, pooled } of results.uses) {
      const real = realModules.some((module) => name.startsWith(module))
      for (const side of [native, pooled]) {
        expect(side.uses, name).toBe(rounds * (real ? usesOfRealModule : usesOfGuest))
        expect(side.p50, name).toBeGreaterThan(0)
        expect(side.p99, name).toBeGreaterThanOrEqual(side.p50)
        expect(side.max, name).toBeGreaterThanOrEqual(side.p99)
        expect(side.mean, name).toBeLessThanOrEqual(side.max)
      }
    }
  })

  it('times first calls of an interpreter in each way', () => {
    expect(results.firstCalls.map(({ name }) => name)).toEqual(['quickjs', 'quickjs-program'])
    for (const { ways, ratio } of results.firstCalls) {
      expect(ways.native.uses).toBe(results.amounts.firstCalls)
      expect(ways.snapshot.uses).toBe(20 * results.amounts.firstCalls)
      expect(ratio.p50).toBeCloseTo(ways.native.p50 / ways.snapshot.p50)
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
    expect(results.version).toBe(2)
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
