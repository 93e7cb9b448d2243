/** `warmslot bench`: that it compares, and that no guest breaks it. No figure is judged. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BenchReport } from '../src/cli/bench/bench-plan.ts'
import { sameOutcome } from '../src/cli/bench/outcome.ts'
import { distributionOf } from '../src/cli/bench/statistics.ts'
import { type CliResult, runCli, TestFolder } from './support/cli.ts'
import { command, library } from './support/programs.ts'
import { wat } from './support/wat.ts'

let folder: TestFolder
let commandFile: string
let libraryFile: string

beforeAll(() => {
  folder = new TestFolder()
  commandFile = folder.write('command.wasm', command)
  libraryFile = folder.write('library.wasm', library)
})
afterAll(() => folder[Symbol.dispose]())

function bench(file: string, ...parameters: string[]): Promise<CliResult> {
  return runCli(['bench', file, '--json', '--seconds', '0.2', ...parameters])
}

function reportOf({ stdout }: CliResult): BenchReport {
  return JSON.parse(stdout) as BenchReport
}

it('a command: its report', async () => {
  const result = await bench(commandFile, '--stdin', folder.write('text', 'hello'), '--', 'e')
  expect(result.status).toBe(0)
  for (const line of result.stderr.trim().split('\n')) expect(line).toMatch(/^warmslot bench: /)
  const distribution = {
    uses: expect.any(Number) as number,
    p50: expect.any(Number) as number,
    p99: expect.any(Number) as number,
    mean: expect.any(Number) as number,
    max: expect.any(Number) as number,
  }
  const ratio = {
    p50: expect.any(Number) as number,
    p99: expect.any(Number) as number,
    mean: expect.any(Number) as number,
  }
  const comparison = { native: distribution, pooled: distribution, ratio }
  expect(reportOf(result)).toEqual({
    name: 'command.wasm',
    kind: 'command',
    seconds: 0.2,
    output: {
      same: true,
      repeatable: true,
      uses: expect.any(Number) as number,
      differing: 0,
      native: 'exit code 0, 5 bytes of standard output, 5 bytes of standard error',
    },
    use: comparison,
    instance: comparison,
    instances: { warm: expect.any(Number) as number, fresh: 1 },
    memory: {
      processBytes: expect.any(Number) as number,
      slotsBytes: expect.any(Number) as number,
      imageBytes: expect.any(Number) as number,
    },
    compileMs: expect.any(Number) as number,
    runtime: { node: process.versions.node, v8: process.versions.v8 },
  })
  const { use, output } = reportOf(result)
  expect(output.uses).toBeGreaterThanOrEqual(use.native.uses + use.pooled.uses)
  expect(use.ratio.mean).toBeCloseTo(use.native.mean / use.pooled.mean)
})

it.each([
  ['x', 'exit code 2, 0 bytes of standard output'],
  ['t', 'The guest ended with a trap: unreachable.'],
])('a guest that ends by itself (%s) is measured like any other', async (argument, text) => {
  const result = await bench(commandFile, '--', argument)
  expect(result.status).toBe(0)
  expect(reportOf(result).output).toMatchObject({ same: true, native: text })
})

it.each([
  ['add', '[1, 2.5]', 'value', 'result 3.5'],
  ['negate', '[{"i64": "5"}]', 'value', 'result -5n'],
  ['two', '[]', 'value', 'result [1, 2n]'],
  ['upper', '["abc"]', 'string', 'result 3 bytes'],
])('a call of %s', async (name, values, form, text) => {
  const result = await bench(libraryFile, '--export', name, '--arguments', values, '--result', form)
  expect(result.status).toBe(0)
  expect(reportOf(result)).toMatchObject({ kind: 'library', output: { same: true, native: text } })
})

it('for people', async () => {
  const { status, stdout } = await runCli(['bench', commandFile, '--seconds', '0.1'])
  expect(status).toBe(0)
  expect(stdout).toMatch(/^microseconds +p50 +p99 +mean +uses$/m)
  expect(stdout.match(/^ {2}(native|pooled) +[\d,.]+ +[\d,.]+ +[\d,.]+ +[\d,]+$/gm)).toHaveLength(4)
  expect(stdout.match(/^ {2}native over pooled( +[\d,.]+x){3}$/gm)).toHaveLength(2)
  expect(stdout).toMatch(/^output +the same in all [\d,]+ uses: exit code 0/m)
})

it('a guest that differs from use to use is told', async () => {
  const result = await bench(commandFile, '--', 'r')
  expect(result.status).toBe(0)
  expect(reportOf(result).output).toMatchObject({ same: false, repeatable: false })
})

it('pooled uses that differ from native ones are told, with exit code 1', async () => {
  // Natively its memory may grow to 4 MiB, here to 1 MiB.
  const growing = wat('(module (memory 1 64) (func (export "f") (result i32) (memory.grow (i32.const 40))))')
  const file = folder.write('growing.wasm', growing)
  const parameters = ['--export', 'f', '--max-memory-bytes', '1MiB']
  const result = await bench(file, ...parameters)
  expect(result.status).toBe(1)
  expect(reportOf(result).output).toMatchObject({
    same: false,
    repeatable: true,
    native: 'result 1',
    pooled: 'result -1',
  })
  const { status, stdout } = await runCli(['bench', file, '--seconds', '0.1', ...parameters])
  expect(status).toBe(1)
  expect(stdout).toContain('IT DIFFERS')
})

function lastLine({ stderr }: CliResult): string {
  return stderr.trim().split('\n').at(-1)!
}

describe('what cannot be measured is one line at the end, and a failure', () => {
  it.each([
    ['a loop', 'l'],
    ['a host function that takes long', 'h'],
  ])('%s', async (_what, argument) => {
    const result = await bench(commandFile, '--time-limit-ms', '200', '--', argument)
    expect(result).toMatchObject({ status: 1, stdout: '' })
    expect(lastLine(result)).toMatch(/^warmslot bench: the guest did not end within 200 ms.*--time-limit-ms$/)
  })

  it('what loops natively only', async () => {
    // Where the memory can grow it loops.
    const text = `(module (memory 1 64) (func (export "f")
      (if (i32.ge_s (memory.grow (i32.const 40)) (i32.const 0)) (then (loop $for_ever (br $for_ever))))))`
    const file = folder.write('loops.wasm', wat(text))
    const result = await bench(file, '--export', 'f', '--max-memory-bytes', '1MiB', '--time-limit-ms', '200')
    expect(result).toMatchObject({ status: 1, stdout: '' })
    expect(lastLine(result)).toContain('within 200 ms, natively')
  })

  it.each([
    ['a module that is refused', '(module (memory 1 2 shared))', [], /cannot be pooled: memory 0 is shared/],
    ['foreign imports', '(module (import "env" "f" (func)) (memory 1))', [], /imports function "env" "f"/],
    ['no such export', '(module (memory 1))', ['--export', 'f'], /exports no function "f"/],
    [
      'arguments that do not fit',
      '(module (memory 1) (func (export "f") (param i64)))',
      ['--export', 'f'],
      /takes 1 parameters/,
    ],
    ['text', '', [], /no WebAssembly module/],
  ])('%s', async (_what, text, parameters, message) => {
    const file = folder.write('refused.wasm', text === '' ? 'text' : wat(text))
    const result = await bench(file, ...parameters)
    expect(result).toMatchObject({ status: 1, stdout: '' })
    expect(lastLine(result)).toMatch(message)
  })

  it('a library without --export, and a command with it, are used wrongly', async () => {
    const [one, other] = await Promise.all([bench(libraryFile), bench(commandFile, '--export', 'f')])
    expect([one.status, other.status]).toEqual([2, 2])
    expect(lastLine(one)).toContain('say which function to call with --export')
    expect(lastLine(other)).toContain('this module is a command')
  })
})

it('distributions, by the nearest rank', () => {
  const durations = Array.from({ length: 100 }, (_, index) => (100 - index) / 1000)
  expect(distributionOf(durations)).toMatchObject({ uses: 100, p50: 50, p99: 99, max: 100 })
  expect(distributionOf(durations).mean).toBeCloseTo(50.5)
})

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}

it('outcomes are compared in every part', () => {
  const one = { exitCode: 0, stdout: bytes('a'), stderr: bytes('') }
  expect(sameOutcome(one, { ...one, stdout: bytes('a') })).toBe(true)
  expect(sameOutcome(one, { ...one, exitCode: 1 })).toBe(false)
  expect(sameOutcome(one, { ...one, stdout: bytes('b') })).toBe(false)
  expect(sameOutcome(one, { ...one, stderr: bytes('b') })).toBe(false)
  const result = { result: [1, 2n, Number.NaN], stderr: bytes('') }
  expect(sameOutcome(result, { ...result, result: [1, 2n, Number.NaN] })).toBe(true)
  expect(sameOutcome(result, { ...result, result: [1, 3n, Number.NaN] })).toBe(false)
  expect(sameOutcome(result, one)).toBe(false)
})
