/** Parts of the bench, each by itself. */
import { execFile, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'

import { describe, expect, it } from 'vitest'

import { guestWorks } from '../src/guests/guest-works.ts'
import { signed, unsigned } from '../src/guests/module-writer.ts'
import { tenMebibyteGuest } from '../src/guests/ten-mebibyte-guest.ts'
import type { MemoryFigures } from '../src/memory/memory-figures.ts'
import type { PurgeOutcome } from '../src/purge/measure-purge.ts'
import { rounded } from '../src/report/format.ts'
import { memoryPlot } from '../src/report/memory-plot.ts'
import { memorySection } from '../src/report/memory-section.ts'
import { replaceSection } from '../src/report/readme-section.ts'
import type { BenchResults } from '../src/report/results.ts'
import { distributionOf } from '../src/statistics.ts'

const run = promisify(execFile)

function figures(mebibytes: number): MemoryFigures {
  const bytes = mebibytes * 2 ** 20
  return {
    rssBytes: bytes,
    pssBytes: bytes,
    pssShmemBytes: 0,
    machineShmemBytes: 0,
    pageTableBytes: 0,
  }
}

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

  it('the memory after an idle trim has its row and its bar where it was measured', () => {
    const native = { before: figures(10), inUse: figures(110), released: figures(10) }
    const pool = { before: figures(10), inUse: figures(50), released: figures(50), purged: figures(14) }
    const memory = { slots: 1000, pages: 100, native, pool: { ...pool, trimmed: figures(20) } }
    const table = memorySection({ memory } as unknown as BenchResults, 'm.svg')
    expect(table).toMatch(/\| pooled, after the idle trim +\| +10 \| +10 \| .* 25% \|/)
    expect(memoryPlot(memory)).toMatch(/after the idle trim<.*\n.*>10 MiB</)
    const without = memorySection({ memory: { ...memory, pool } } as unknown as BenchResults, 'm.svg')
    expect(without).not.toContain('idle trim')
  })

  it('threads wait for each other at the start line, round after round', async () => {
    const shared = new SharedArrayBuffer(4)
    const program = `
      const { parentPort, workerData: { shared, file } } = require('node:worker_threads')
      import(file).then(({ StartLine }) => {
        const line = new StartLine(shared, 2)
        for (let round = 0; round < 100; round += 1) line.meet()
        parentPort.postMessage(new Int32Array(shared)[0])
      })`
    const file = new URL('../src/threads/start-line.ts', import.meta.url).href
    const one = new Worker(program, { eval: true, workerData: { shared, file } })
    // Alone it does not get beyond the first.
    await sleep(300)
    expect(new Int32Array(shared)[0]).toBeLessThanOrEqual(1)
    const other = new Worker(program, { eval: true, workerData: { shared, file } })
    const answers = await Promise.all([once(one, 'message'), once(other, 'message')])
    expect(answers).toEqual([[200], [200]])
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
