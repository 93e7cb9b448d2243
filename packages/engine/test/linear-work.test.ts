/**
 * The work of analysing and rewriting is linear in the size of the input, whatever the input, and what a few bytes declare
 * is not allocated. Work is counted in executed blocks, so the counts are the same on every machine.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

import { runChild } from './support/child.ts'
import { families, hugeCounts } from './support/hostile-modules.ts'

interface Measured {
  readonly name: string
  /** For n, 2n and 8n. */
  readonly sizes: readonly { readonly bytes: number; readonly steps: number; readonly ms: number }[]
}

function measure(smallest: number): Measured[] {
  const file = fileURLToPath(new URL('support/measure-work.ts', import.meta.url))
  const child = spawnSync(process.execPath, ['--no-warnings', file, String(smallest)], {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
    timeout: 110_000,
  })
  expect(child.stderr).toBe('')
  return JSON.parse(child.stdout) as Measured[]
}

describe('work grows with the input', () => {
  const measured = measure(4_000)

  it.each(measured.map((one) => [one.name, one] as const))('%s', (_name, { sizes }) => {
    const [once, twice, eight] = sizes
    expect(once!.steps).toBeGreaterThan(1_000)
    expect(twice!.steps / once!.steps).toBeLessThan(2.2)
    // Lists grow by powers of two, LEB128s by a byte: a little more than eight times is still linear.
    expect(eight!.steps / once!.steps).toBeLessThan(8 * 1.25)
    // Steps inside V8 are not counted (searching, joining, copying): quadratic ones would take 64 times as long.
    expect(eight!.ms).toBeLessThan(30 * once!.ms + 500)
    // However much is appended for each entry, a byte of input costs at most so many steps.
    expect(eight!.steps / eight!.bytes).toBeLessThan(60)
  })

  it('in every family', () => {
    expect(measured).toHaveLength(Object.keys(families).length)
  })
})

it('huge counts allocate nothing before their bytes are there', () => {
  const child = runChild(
    `const engine = new warmslot.Engine({ slots: 1 })
    for (const bytes of ${JSON.stringify(hugeCounts.map((bytes) => [...bytes]))}) {
      const before = process.memoryUsage()
      const error = await engine.compile(new Uint8Array(bytes)).catch((one) => one)
      const after = process.memoryUsage()
      const grown = after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers
      console.log(error.constructor.name, grown < 4 * 2 ** 20 ? 'small' : grown)
    }`,
    { node: ['--max-old-space-size=64'] },
  )
  expect(child).toMatchObject({ signal: null, status: 0 })
  const lines = child.stdout.trim().split('\n')
  expect(lines).toHaveLength(hugeCounts.length)
  expect(new Set(lines)).toEqual(new Set(['CompileError small']))
})
