/** `warmslot serve` as a process: the ready line, what keeps it from starting, and how it ends. */
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { numbered } from './support/programs.ts'
import { type CliResult, type RunningCli, runCli, startCli, TestFolder } from './support/cli.ts'
import { wat } from './support/wat.ts'

/** Sleeps as long as the first letter of its argument says, in tenths of a second from "a" on, and prints "done". */
const sleeper = wat(`(module
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 1000) "done") (data (i32.const 2000) "\\e8\\03\\00\\00\\04\\00\\00\\00")
  (func (export "_start")
    (drop (call $args_get (i32.const 100) (i32.const 3000)))
    (i32.store (i32.const 216) (i32.const 1))
    (i64.store (i32.const 224) (i64.mul (i64.const 100000000)
      (i64.sub (i64.load8_u (i32.load (i32.const 104))) (i64.const 96))))
    (drop (call $poll_oneoff (i32.const 200) (i32.const 300) (i32.const 1) (i32.const 400)))
    (drop (call $fd_write (i32.const 1) (i32.const 2000) (i32.const 1) (i32.const 500)))))`)

const ports = ['--listen', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0']
let folder: TestFolder

beforeAll(() => {
  folder = new TestFolder()
  folder.write('sleeper.wasm', sleeper)
  folder.write('numbered.wasm', numbered(7))
})
afterAll(() => folder[Symbol.dispose]())

function startServer(
  parameters: readonly string[] = [],
  environment: Record<string, string> = {},
): RunningCli {
  return startCli(['serve', ...ports, '--workers', '1', '--modules', folder.path, ...parameters], environment)
}

function run(data: string, name: string, argument: string): Promise<Response> {
  return fetch(`${data}/v1/modules/${name}/run?arg=${argument}`, { method: 'POST' })
}

/** Until a guest of "sleeper" runs. */
async function running(admin: string): Promise<void> {
  for (;;) {
    const { modules } = (await (await fetch(`${admin}/v1/modules`)).json()) as {
      modules: { name: string; requests: number }[]
    }
    if (modules.some(({ name, requests }) => name === 'sleeper' && requests > 0)) return
    await sleep(20)
  }
}

/** Until no connection is taken any more. */
async function draining(data: string): Promise<void> {
  const refused = (): Promise<boolean> =>
    fetch(`${data}/healthz`, { headers: { connection: 'close' } }).then(
      () => false,
      () => true,
    )
  while (!(await refused())) await sleep(20)
}

function messages(stderr: string): { msg: string; level: number }[] {
  return stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { msg: string; level: number })
}

it('says in one line where it listens, serves, logs lines of JSON, and ends with 0 at SIGTERM', async () => {
  const { child, ready, ended } = startServer(['--log-level', 'debug'])
  const { line, data, admin } = await ready
  expect(line).toMatch(
    /^warmslot is ready: requests at http:\/\/127\.0\.0\.1:\d+, administration at http:\/\/127\.0\.0\.1:\d+\n$/,
  )
  expect(await (await run(data, 'numbered', '')).text()).toBe('00000007')
  expect((await fetch(`${admin}/readyz`)).status).toBe(200)
  child.kill('SIGTERM')
  const { status, stdout, stderr } = await ended
  expect({ status, stdout }).toEqual({ status: 0, stdout: line })
  const said = messages(stderr).map(({ msg }) => msg)
  for (const message of ['module loaded', 'ready', 'request', 'ended']) expect(said).toContain(message)
})

it.each(['SIGTERM', 'SIGINT'] as const)(
  '%s: a request that runs is answered, no other is taken',
  async (signal) => {
    const { child, ready, ended } = startServer()
    const { data, admin } = await ready
    const answer = run(data, 'sleeper', 'p')
    await running(admin)
    child.kill(signal)
    await sleep(200)
    await expect(run(data, 'numbered', '')).rejects.toThrow()
    const response = await answer
    // Its connection would be waited for otherwise, as long as the client keeps it.
    expect(response.headers.get('connection')).toBe('close')
    expect([response.status, await response.text()]).toEqual([200, 'done'])
    expect((await ended).status).toBe(0)
  },
)

it('cuts requests off after --drain-ms', async () => {
  const { child, ready, ended } = startServer(['--drain-ms', '100'])
  const { data, admin } = await ready
  const answer = run(data, 'sleeper', 'z').catch((error: unknown) => error)
  await running(admin)
  child.kill('SIGTERM')
  expect(await answer).toBeInstanceOf(Error)
  const { status, stderr } = await ended
  expect(status).toBe(0)
  expect(messages(stderr).map(({ msg }) => msg)).toContain('requests are cut off')
})

it.each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const)('a second signal ends it at once: %s', async (signal, code) => {
  const { child, ready, ended } = startServer()
  const { data, admin } = await ready
  const answer = run(data, 'sleeper', 'z').catch((error: unknown) => error)
  await running(admin)
  child.kill('SIGTERM')
  await draining(data)
  child.kill(signal)
  expect((await ended).status).toBe(code)
  expect(await answer).toBeInstanceOf(Error)
})

it('a signal during the start is not lost', async () => {
  const { child, ended } = startServer()
  await sleep(400)
  child.kill('SIGTERM')
  const { status } = await ended
  // Before the program has got so far, the signal's default counts.
  expect([0, null]).toContain(status)
})

it('takes options from variables and a file', async () => {
  using configuration = new TestFolder()
  const path = configuration.write(
    'config.json',
    JSON.stringify({ logLevel: 'silent', listen: '127.0.0.1:1' }),
  )
  const environment = {
    WARMSLOT_CONFIG: path,
    WARMSLOT_LISTEN: '127.0.0.1:0',
    WARMSLOT_ADMIN_LISTEN: '[::1]:0',
  }
  const { child, ready, ended } = startCli(['serve', '--workers', '1'], environment)
  const { admin } = await ready
  expect(admin).toMatch(/^http:\/\/\[::1\]:\d+$/)
  child.kill('SIGTERM')
  expect(await ended).toMatchObject({ status: 0, stderr: '' })
})

it('an administration port with a token', async () => {
  using secrets = new TestFolder()
  const token = 'a token of enough characters'
  const parameters = ['--admin-listen', '0.0.0.0:0', '--token-file', secrets.write('token', `${token}\n`)]
  const { child, ready, ended } = startServer(parameters)
  const { admin } = await ready
  const url = `${admin.replace('0.0.0.0', '127.0.0.1')}/v1/modules`
  expect((await fetch(url)).status).toBe(401)
  expect((await fetch(url, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200)
  child.kill('SIGTERM')
  expect((await ended).status).toBe(0)
})

function serve(...parameters: readonly string[]): Promise<CliResult> {
  return runCli(['serve', '--workers', '1', ...ports, ...parameters])
}

describe('what keeps it from starting is one line', () => {
  it('a folder that is not there', async () => {
    const stderr =
      'warmslot serve: the folder /no/such is not there: make it, or name another one with --modules\n'
    expect(await serve('--modules', '/no/such')).toEqual({ status: 1, stdout: '', stderr })
  })

  it('a file in place of a folder', async () => {
    const path = folder.write('file', '')
    const stderr = `warmslot serve: the folder ${path} is no folder: name one with --modules\n`
    expect(await serve('--modules', path)).toEqual({ status: 1, stdout: '', stderr })
  })

  it('a token file that is not there', async () => {
    const stderr =
      'warmslot serve: the token file /no/such is not there: make it, or name another one with --token-file\n'
    expect(await serve('--token-file', '/no/such')).toEqual({ status: 1, stdout: '', stderr })
  })

  it('a token that can be guessed', async () => {
    const path = folder.write('token', 'secret')
    const stderr = `warmslot serve: The token in ${path} has 6 characters; it needs 16 at least\n`
    expect(await serve('--token-file', path)).toEqual({ status: 1, stdout: '', stderr })
  })

  it('an administration port that is open to others, without a token', async () => {
    const { status, stdout, stderr } = await serve('--admin-listen', '0.0.0.0:0')
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(
      /^warmslot serve: flag "--admin-listen" must be a loopback address, or have a --token-file or a --token-review-audience: .*\n$/,
    )
  })

  it('token reviews without the files of a service account, or without Kubernetes', async () => {
    const flags = ['serve', '--workers', '1', '--token-review-audience', 'a']
    const accounts = ['--token-review-accounts', 'a:b', '--service-account-folder', `${folder.path}/`]
    const inPod = { KUBERNETES_SERVICE_HOST: '127.0.0.1' }
    const noFile = await runCli([...flags, ...accounts], inPod)
    expect(noFile).toMatchObject({ status: 1, stdout: '' })
    expect(noFile.stderr).toMatch(
      /^warmslot serve: the file .*\/(?:token|ca\.crt) is not there: make it, or name another one with --service-account-folder\n$/,
    )
    const noCluster = await runCli([...flags, ...accounts], { KUBERNETES_SERVICE_HOST: '' })
    expect(noCluster).toMatchObject({ status: 2, stdout: '' })
    expect(noCluster.stderr).toMatch(
      /^warmslot serve: flag "--token-review-audience" must be left out where .*\n$/,
    )
    const noAccounts = await runCli(flags, inPod)
    expect(noAccounts.stderr).toMatch(
      /^warmslot serve: flag "--token-review-accounts" must be said where there is a --token-review-audience, .*\n$/,
    )
  })

  it.each(['listen', 'admin-listen'])('a port that is in use: --%s', async (flag) => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const address = `127.0.0.1:${(other.address() as AddressInfo).port}`
    const { status, stderr } = await serve(`--${flag}`, address)
    expect(status).toBe(1)
    expect(stderr).toBe(
      `warmslot serve: ${address} is in use already: end what listens there, or choose another address with --${flag}\n`,
    )
    other.close()
  })

  it('an address that is not of this machine', async () => {
    const { status, stderr } = await serve('--listen', '192.0.2.1:0')
    expect(status).toBe(1)
    expect(stderr).toMatch(/^warmslot serve: 192\.0\.2\.1.* is no address of this machine: .*\n$/)
  })
})
