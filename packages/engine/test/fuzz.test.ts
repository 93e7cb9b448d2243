/** A short run of the fuzzer (docs/fuzzing.md): ten seconds from a fixed seed, ten from a new one, which a failure shows. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const main = fileURLToPath(new URL('../fuzz/main.ts', import.meta.url))

const fresh = Math.floor(Math.random() * 2 ** 32)

it.each([4, fresh])('seed %i', (seed) => {
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
