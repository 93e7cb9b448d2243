/** Options from flags, environment and file, for every option of the table. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { configurationVariable, readHostOptions } from '../src/cli/options/read-host-options.ts'
import {
  defaultOf,
  flagOf,
  type OptionName,
  optionNames,
  optionTable,
  variableOf,
} from '../src/cli/options/option-table.ts'
import { bytesOfText } from '../src/cli/options/option-values.ts'
import { resolveHostOptions } from '../src/options.ts'
import { TestFolder } from './support/cli.ts'

/** Three values of each option that it takes: for the flag, the variable and the file. */
const values: Readonly<Record<OptionName, readonly [string, string, string | number]>> = {
  modules: ['./a', './b', './c'],
  listen: ['127.0.0.1:1', ':2', '[::1]:3'],
  adminListen: ['127.0.0.1:1', '127.0.0.2:2', '[::1]:3'],
  tokenFile: ['./a', './b', './c'],
  tokenReviewAudience: ['warmslot-host', 'https://example.com/warmslot', 'c'],
  tokenReviewAccounts: ['a:b', 'a:b,c:d', 'kube-system:warmslot.operator, a:b'],
  serviceAccountFolder: ['./a', './b', './c'],
  podUid: ['a', 'b-1', '0b7e4a4c-3a0e-4c9e-9d52-1a3c7a6a2d10'],
  workers: ['1', '2', 3],
  slots: ['1', '2', 3],
  maxMemoryBytes: ['64MiB', '1GiB', '65536'],
  workerHeapBytes: ['64MiB', '1GiB', 33_554_432],
  maxTables: ['1', '2', 3],
  maxTableElements: ['1', '2', 3],
  maxArrayBytes: ['64KiB', '8MiB', 1000],
  queue: ['0', '1', 2],
  moduleBytes: ['10KiB', '1GiB', 300],
  graceMs: ['0', '1', 2],
  drainMs: ['0', '1', 2],
  instances: ['native', 'pooled', 'native'],
  logLevel: ['debug', 'warn', 'silent'],
}

function meant(name: OptionName, value: string | number): string | number {
  if (optionTable[name].type === 'text' || typeof value === 'number') return value
  return optionTable[name].type === 'bytes' ? bytesOfText(value, '') : Number(value)
}

it('every option of the host has a row', () => {
  expect([...optionNames].sort()).toEqual(Object.keys(resolveHostOptions({})).sort())
})

it.each(optionNames)('the default of %s can be given as it is written', async (name) => {
  const { defaultWords } = optionTable[name]
  if (defaultWords !== undefined) return
  const { options } = await readHostOptions(new Map([[flagOf(name), defaultOf(name)]]), {})
  expect(options[name]).toBe(resolveHostOptions({})[name])
})

it('a flag counts before its variable, a variable before the file, whatever else is given', async () => {
  const given = fc.record(
    Object.fromEntries(
      optionNames.map((name) => [
        name,
        fc.record({ flag: fc.boolean(), variable: fc.boolean(), file: fc.boolean() }),
      ]),
    ),
  )
  using folder = new TestFolder()
  const check = async (
    sources: Record<string, { flag: boolean; variable: boolean; file: boolean }>,
  ): Promise<void> => {
    const flags = new Map<string, string>()
    const environment: Record<string, string> = {
      WARMSLOT_SERVICE_HOST: '10.0.0.1',
      WARMSLOT_PORT: 'tcp://10.0.0.1:80',
    }
    const file: Record<string, string | number> = {}
    const expected: Record<string, string | number> = {}
    for (const name of optionNames) {
      const [inFlag, inVariable, inFile] = values[name]
      const { flag, variable, file: fromFile } = sources[name]!
      if (fromFile) expected[name] = meant(name, (file[name] = inFile))
      // An empty variable says nothing.
      environment[variableOf(name)] = variable ? inVariable : ''
      if (variable) expected[name] = meant(name, inVariable)
      if (flag) expected[name] = meant(name, inFlag)
      if (flag) flags.set(flagOf(name), inFlag)
    }
    environment[configurationVariable] = folder.write('config.json', JSON.stringify(file))
    const { options } = await readHostOptions(flags, environment)
    expect(options).toEqual(expected)
  }
  await fc.assert(fc.asyncProperty(given, check), { numRuns: 100 })
})

it('the file of the flag counts before that of the variable', async () => {
  using folder = new TestFolder()
  const [one, other] = [folder.write('1.json', '{"workers": 1}'), folder.write('2.json', '{"workers": 2}')]
  const { options } = await readHostOptions(new Map([['config', one]]), { [configurationVariable]: other })
  expect(options).toEqual({ workers: 1 })
})

async function wrong(flags: Record<string, string>, environment: Record<string, string> = {}): Promise<void> {
  await readHostOptions(new Map(Object.entries(flags)), environment)
}

describe('what is wrong is said with its place', () => {
  it.each([
    [{ workers: 'two' }, 'flag "--workers" must be a whole number, not "two"'],
    [{ workers: '65' }, 'flag "--workers" must be a whole number from 1 to 64, not 65'],
    [{ slots: '-1' }, 'flag "--slots" must be a whole number, not "-1"'],
    [{ queue: '1e9' }, 'flag "--queue" must be a whole number, not "1e9"'],
    [{ 'grace-ms': '1s' }, 'flag "--grace-ms" must be a whole number of milliseconds, not "1s"'],
    [
      { 'max-memory-bytes': '100KiB' },
      'flag "--max-memory-bytes" must be a multiple of 65536 from 65536 to 4294967296, not 102400',
    ],
    [
      { 'max-memory-bytes': '1 GB' },
      'flag "--max-memory-bytes" must be a number of bytes, or one with KiB, MiB or GiB such as "128MiB", not "1 GB"',
    ],
    [{ listen: '8080' }, 'flag "--listen" must be HOST:PORT, [IPV6]:PORT or :PORT, not "8080"'],
    [
      { 'admin-listen': 'a:70000' },
      'flag "--admin-listen" must be HOST:PORT, [IPV6]:PORT or :PORT, not "a:70000"',
    ],
    [{ 'pod-uid': 'a b' }, 'flag "--pod-uid" must be letters, digits, "-", "_" and ".", not "a b"'],
    [
      { 'token-review-audience': 'a b' },
      'flag "--token-review-audience" must be 1 to 253 characters without spaces, not "a b"',
    ],
    [{ instances: 'warm' }, 'flag "--instances" must be "pooled" or "native", not "warm"'],
    [
      { 'log-level': 'loud' },
      'flag "--log-level" must be trace, debug, info, warn, error, fatal, silent, not "loud"',
    ],
  ])('in a flag: %j', async (flags, message) => {
    await expect(wrong(flags as never)).rejects.toMatchObject({ code: 'WARMSLOT_USAGE', message })
  })

  it.each(['a', 'a:', ':b', 'a:b,', 'A:b', 'a.b:c', 'a:b:c', 'a/b', 'a:-b', `a:${'b'.repeat(254)}`])(
    'service accounts that are none: %s',
    async (accounts) => {
      const message = `flag "--token-review-accounts" must be NAMESPACE:NAME of 1 to 100 service accounts, separated by commas, not "${accounts}"`
      await expect(wrong({ 'token-review-accounts': accounts })).rejects.toMatchObject({ message })
    },
  )

  it('in a variable', async () => {
    await expect(wrong({}, { WARMSLOT_WORKERS: '0' })).rejects.toMatchObject({
      code: 'WARMSLOT_USAGE',
      message: 'variable WARMSLOT_WORKERS must be a whole number from 1 to 64, not 0',
    })
  })

  it.each([
    ['{"wokers": 1}', 'there is no option "wokers"; did you mean "workers"?'],
    ['{"toString": 1}', 'there is no option "toString"'],
    ['{"workers": "1"}', '"workers" must be a number, not "1"'],
    ['{"workers": null}', '"workers" must be a number, not null'],
    ['{"listen": 80}', '"listen" must be a string, not 80'],
    ['{"drainMs": true}', '"drainMs" must be a number of milliseconds, not true'],
    [
      '{"maxMemoryBytes": []}',
      '"maxMemoryBytes" must be a number of bytes, or a string such as "128MiB", not []',
    ],
    ['{"workers": 1.5}', '"workers" must be a whole number from 1 to 64, not 1.5'],
  ])('in the file: %s', async (text, message) => {
    using folder = new TestFolder()
    const path = folder.write('config.json', text)
    await expect(wrong({ config: path })).rejects.toMatchObject({
      code: 'WARMSLOT_USAGE',
      message: `${path}: ${message}`,
    })
  })

  it.each([
    ['[]', /must hold a JSON object/],
    ['{', /is not JSON/],
  ])('a file that is none: %s', async (text, message) => {
    using folder = new TestFolder()
    const path = folder.write('config.json', text)
    await expect(wrong({ config: path })).rejects.toMatchObject({
      code: 'WARMSLOT_USAGE',
      message: expect.stringMatching(message) as string,
    })
  })

  it('a file that is not there is a failure', async () => {
    const message = 'the configuration file /no/such cannot be read: there is no such file'
    await expect(wrong({ config: '/no/such' })).rejects.toMatchObject({ code: 'WARMSLOT_FAILURE', message })
  })
})
