/**
 * A short run of the fuzzer (docs/fuzzing.md): ten seconds from each of two seeds, which stay the same so that a change is
 * judged by itself. WARMSLOT_FUZZ_SEED=N takes another one; `pnpm --filter @warmslot/engine fuzz` runs new ones for long.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const main = fileURLToPath(new URL('../fuzz/main.ts', import.meta.url))

const { WARMSLOT_FUZZ_SEED: chosen } = process.env
const seeds = chosen === undefined ? [4, 1_549_787_856] : [Number(chosen)]

it.each(seeds)('seed %i', (seed) => {
  const folder = mkdtempSync(join(tmpdir(), 'warmslot-findings-'))
  try {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--no-warnings', main, '--seconds', '10', '--seed', String(seed), '--findings', folder],
      { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' }, timeout: 100_000 },
    )
    console.log(stdout.trim().split('\n').at(-1))
    const found = readdirSync(folder).map((name) => {
      const contents = readFileSync(join(folder, name))
      return name.endsWith('.txt') ? contents.toString() : `${name} ${contents.toString('base64')}`
    })
    expect(found).toEqual([])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    // It did look at binaries of every kind.
    const executions = Number(/(\d+) executions/.exec(stdout.trim().split('\n').at(-1)!)?.[1])
    expect(executions).toBeGreaterThan(100)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
