/** The README's examples run, and its tables have what the code has. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defaultOf, flagOf, optionNames, optionTable, variableOf } from '../src/cli/options/option-table.ts'
import { settingNames } from '../src/modules/module-settings.ts'
import { type RunningCli, startCli, TestFolder } from './support/cli.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const cells = readme.replaceAll(/ +/g, ' ')
/** Of shell: making modules, asking for them, and so on, in the order of the README. */
const [, makeModules = '', ...examples] = [...readme.matchAll(/```sh\n(.*?)```/gs)].map(([, code]) => code!)

function hasCurl(): boolean {
  try {
    execFileSync('curl', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

describe.skipIf(!hasCurl())('the examples print what they say', () => {
  let folder: TestFolder
  let server: RunningCli
  let addresses: { data: string; admin: string }

  const shell = (script: string): string =>
    execFileSync('bash', ['-euc', script], { cwd: folder.path, encoding: 'utf8' })

  beforeAll(async () => {
    folder = new TestFolder()
    shell(makeModules.replace(/^npx warmslot serve.*$/m, ''))
    const ports = ['--listen', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0', '--workers', '1']
    server = startCli(['serve', '--modules', `${folder.path}/modules`, ...ports])
    addresses = await server.ready
  })
  afterAll(async () => {
    server.child.kill('SIGTERM')
    expect((await server.ended).status).toBe(0)
    folder[Symbol.dispose]()
  })

  it('there are three', () => expect(examples).toHaveLength(3))

  it.each(examples)('%s', (example) => {
    const expected = example.match(/^# .*$/gm)!.map((line) => line.slice(2))
    const script = example
      .replaceAll('http://127.0.0.1:8080', addresses.data)
      .replaceAll('http://127.0.0.1:8081', addresses.admin)
    expect(shell(script).trimEnd().split('\n')).toEqual(expected)
  })
})

it.each(optionNames)('option %s is as in the code', (name) => {
  const { unit, help } = optionTable[name]
  const row = `| \`${name}\` | \`--${flagOf(name)}\` | \`${variableOf(name)}\` | ${defaultOf(name)} | ${unit} | ${help} |`
  expect(cells).toContain(row.replaceAll(/ +/g, ' '))
})

it.each(settingNames)('setting %s is there', (name) => expect(cells).toContain(`| \`${name}\` |`))

it('every code of an error is there, and every metric', () => {
  const errors = new URL('../src/errors/', import.meta.url)
  const files = [
    ...readdirSync(errors).map((name) => new URL(name, errors)),
    new URL('../src/http/router.ts', import.meta.url),
  ]
  const codes = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/code = '(\w+)'/g)].map(([, code]) => code!),
  )
  expect(codes.length).toBeGreaterThan(12)
  for (const code of codes) expect(cells).toContain(`| \`${code}\` |`)
  const metrics = readFileSync(new URL('../src/metrics.ts', import.meta.url), 'utf8')
  const names = [...metrics.matchAll(/\$\{prefix\}([a-z_]+)`|gauge\(\s*'([a-z_]+)'/g)].map(
    ([, one, other]) => one ?? other!,
  )
  expect(names.length).toBeGreaterThan(10)
  for (const name of names) expect(cells).toContain(`| \`warmslot_host_${name}\` |`)
})
