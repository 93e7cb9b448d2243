/** The program as a whole: help, version, and mistakes in its use. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { nearestName } from '../src/cli/nearest-name.ts'
import { flagOf, optionNames, variableOf } from '../src/cli/options/option-table.ts'
import { runCli } from './support/cli.ts'

describe('help', () => {
  it.each([['--help'], ['-h']])('of the program: %s', async (flag) => {
    const { status, stdout, stderr } = await runCli([flag])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    for (const command of ['serve', 'inspect', 'bench']) expect(stdout).toContain(`warmslot ${command}`)
  })

  it('of serve has every option, as flag and as variable', async () => {
    const { status, stdout } = await runCli(['serve', '--help'])
    expect(status).toBe(0)
    for (const name of optionNames) {
      expect(stdout).toMatch(new RegExp(`^  --${flagOf(name)} `, 'm'))
      expect(stdout).toContain(variableOf(name))
    }
    expect(stdout).toContain('WARMSLOT_CONFIG')
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
  })

  it.each([['inspect'], ['bench']])('of %s', async (command) => {
    const { status, stdout } = await runCli([command, 'FILE', '-h'])
    expect(status).toBe(0)
    expect(stdout).toContain(`warmslot ${command} FILE`)
    expect(stdout).toContain('--json')
  })
})

it('the version is that of the package', async () => {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  const { version } = JSON.parse(text) as { version: string }
  expect(await runCli(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' })
})

it.each([
  [[], 'warmslot: say a command: serve, inspect, bench (warmslot --help)'],
  [['sreve'], 'warmslot: there is no command "sreve"; did you mean "serve"? (warmslot --help)'],
  [['toString'], 'warmslot: there is no command "toString" (warmslot --help)'],
  [['--versoin'], 'warmslot: there is no flag "--versoin"; did you mean "--version"? (warmslot --help)'],
  [
    ['serve', '--lisen', 'x'],
    'warmslot serve: there is no flag "--lisen"; did you mean "--listen"? (warmslot serve --help)',
  ],
  [['serve', '--toString'], 'warmslot serve: there is no flag "--toString" (warmslot serve --help)'],
  [['serve', '-x'], 'warmslot serve: there is no flag "-x" (warmslot serve --help)'],
  [
    ['serve', '--workers'],
    'warmslot serve: flag "--workers" needs a value: --workers NUMBER (warmslot serve --help)',
  ],
  [
    ['serve', './modules'],
    'warmslot serve: there is nothing for "./modules"; a folder is given with --modules (warmslot serve --help)',
  ],
  [['inspect'], 'warmslot inspect: say which file: a module, FILE.wasm (warmslot inspect --help)'],
  [
    ['inspect', 'a', 'b'],
    'warmslot inspect: one file at a time, and there are 2: a, b (warmslot inspect --help)',
  ],
  [
    ['inspect', 'a', '--json=yes'],
    'warmslot inspect: flag "--json" takes no value, and was given "yes" (warmslot inspect --help)',
  ],
  [
    ['inspect', 'a', '--max-memory-bytes', '1MB'],
    'warmslot inspect: flag "--max-memory-bytes" must be a number of bytes, or one with KiB, MiB or GiB such as "128MiB", not "1MB" (warmslot inspect --help)',
  ],
  [
    ['inspect', 'a', '--max-memory-bytes', '1KiB'],
    'warmslot inspect: flag "--max-memory-bytes" must be a multiple of 65536 from 65536 to 4294967296, not 1024 (warmslot inspect --help)',
  ],
  [['bench'], 'warmslot bench: say which file: a module, FILE.wasm (warmslot bench --help)'],
  [
    ['bench', 'a', '--seconds', '0'],
    'warmslot bench: flag "--seconds" must be a number from 0.05 to 60, not "0" (warmslot bench --help)',
  ],
  [
    ['bench', 'a', '--time-limit-ms', '1.5'],
    'warmslot bench: flag "--time-limit-ms" must be a whole number from 1 to 3600000, not "1.5" (warmslot bench --help)',
  ],
  [
    ['bench', 'a', '--result', 'string'],
    'warmslot bench: "--result" is for calls: say which with --export (warmslot bench --help)',
  ],
  [
    ['bench', 'a', '--export', 'f', '--result', 'text'],
    'warmslot bench: "result" must be one of value, string, bytes (warmslot bench --help)',
  ],
  [
    ['bench', 'a', '--export', 'f', '--arguments', '{}'],
    'warmslot bench: "arguments" must be an array (warmslot bench --help)',
  ],
  [
    ['bench', 'a', '--export', 'f', '--', 'x'],
    'warmslot bench: "--export" calls a function; arguments behind "--" and --stdin are for commands (warmslot bench --help)',
  ],
])('a mistake in the use is one line, and exit code 2: %j', async (parameters, line) => {
  expect(await runCli(parameters)).toEqual({ status: 2, stdout: '', stderr: `${line}\n` })
})

it('a value that looks like a flag is not taken for one', async () => {
  const { status, stderr } = await runCli(['serve', '--workers', '--slots'])
  expect(status).toBe(2)
  expect(stderr).toMatch(/^warmslot serve: .*--workers.*\n$/)
})

it.each([
  ['lisen', 'listen'],
  ['max-memory-byte', 'max-memory-bytes'],
  ['worker', 'workers'],
  ['zzzzzz', undefined],
  ['', undefined],
])('the nearest name of %s is %s', (given, nearest) => {
  expect(nearestName(given, optionNames.map(flagOf))).toBe(nearest)
})
