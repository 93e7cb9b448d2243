/** The command line: what it prints, and how it ends. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { runCommandLine } from '../src/cli/command-line.ts'
import { flagOf, optionNames, variableOf } from '../src/cli/option-table.ts'
import { type Environment, readOptions } from '../src/cli/read-options.ts'
import { resolveOperatorOptions } from '../src/options.ts'
import { freePort } from './support/api-server/free-port.ts'
import { OperatorProcess } from './support/world/operator-process.ts'

let folder: string
/** Of an API server that is not there. */
let kubeConfig: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'warmslot-operator-test-'))
  kubeConfig = join(folder, 'config')
  const config = new KubeConfig()
  const server = `https://127.0.0.1:${await freePort()}`
  config.loadFromClusterAndUser({ name: 'none', server, skipTLSVerify: true }, { name: 'none', token: 't' })
  writeFileSync(kubeConfig, config.exportConfig())
  vi.stubEnv('KUBECONFIG', kubeConfig)
})
afterAll(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

describe('warmslot-operator', { concurrent: true }, () => {
  it('--help lists every flag', async () => {
    await using program = new OperatorProcess(['--help'])
    expect(await program.ended()).toBe(0)
    for (const name of optionNames) {
      expect(program.output).toContain(`--${flagOf(name)} `)
      expect(program.output).toContain(variableOf(name))
    }
    expect(program.lines).toEqual([])
  })

  it('that is used wrongly says so in one line', async () => {
    await using program = new OperatorProcess(['run', '--colour', 'red'], { kubeConfig })
    expect(await program.ended()).toBe(2)
    expect(program.lines).toEqual([expect.stringMatching(/^warmslot-operator: .*--colour/)])
    expect(program.output).toBe('')
  })

  it('a port that is taken is one line and exit code 1', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    try {
      const { port } = taken.address() as AddressInfo
      await using program = new OperatorProcess(['run', '--health-listen', `127.0.0.1:${port}`], {
        kubeConfig,
      })
      expect(await program.ended()).toBe(1)
      expect(program.lines).toEqual([expect.stringMatching(/^warmslot-operator: .*EADDRINUSE/)])
    } finally {
      taken.close()
    }
  })

  it.each([['true'], ['false']])(
    'without an API server it keeps trying, lives, is not ready, and ends when it is told (leader election: %s)',
    async (leaderElection) => {
      const flags = ['--leader-election', leaderElection, '--lease-duration-ms', '1000']
      await using program = OperatorProcess.run(flags, { kubeConfig })
      expect(await program.get('health', '/healthz')).toEqual({ status: 200, text: 'ok\n' })
      expect(await program.get('health', '/readyz')).toMatchObject({
        status: 503,
        text: expect.stringMatching(/.+/),
      })
      expect(await program.get('health', '/nothing')).toMatchObject({ status: 404 })
      const tries = async (): Promise<number> => {
        const { text: metrics } = await program.get('metrics', '/metrics')
        const counts = metrics.matchAll(/^rest_client_requests_total\{.*code="error".*\} (\d+)$/gm)
        return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
      }
      for (const least of [1, 4])
        while ((await tries()) < least) await new Promise((resolve) => setTimeout(resolve, 50))
      program.signal('SIGTERM')
      expect(await program.ended()).toBe(0)
      expect(program.hasSaid('ended')).toBe(true)
    },
  )

  it('has the metrics that dashboards know', async () => {
    await using program = OperatorProcess.run(['--leader-election', 'false'], { kubeConfig })
    const { text: metrics, status } = await program.get('metrics', '/metrics')
    expect(status).toBe(200)
    for (const name of [
      'controller_runtime_reconcile_total',
      'controller_runtime_reconcile_errors_total',
      'controller_runtime_reconcile_time_seconds',
      'controller_runtime_active_workers',
      'controller_runtime_max_concurrent_reconciles',
      'rest_client_requests_total',
      'leader_election_master_status',
      'workqueue_depth',
      'workqueue_adds_total',
      'workqueue_retries_total',
      'warmslot_operator_modules',
      'warmslot_operator_hosts',
      'warmslot_operator_modules_released_total',
      'warmslot_operator_release_seconds',
      'warmslot_operator_orphans_purged_total',
      'process_cpu_seconds_total',
    ])
      expect(metrics).toContain(`# TYPE ${name} `)
  })
})

/** In this process. */
async function run(
  given: readonly string[],
  environment: Environment = {},
): Promise<{ readonly code: number; readonly errors: string; readonly output: string }> {
  const errors = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  const output = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  try {
    const code = await runCommandLine(given, environment)
    return { code, errors: written(errors), output: written(output) }
  } finally {
    errors.mockRestore()
    output.mockRestore()
  }
}

function written({ mock }: { readonly mock: { readonly calls: readonly (readonly unknown[])[] } }): string {
  return mock.calls.map(([part]) => String(part)).join('')
}

describe('a command line', () => {
  it.each([[['-h']], [['help']], [['run', '--help']]])('%j prints the help', async (given) => {
    expect(await run(given)).toMatchObject({
      code: 0,
      errors: '',
      output: expect.stringContaining('Usage: '),
    })
  })

  it.each([
    ['no command', [], 'warmslot-operator run'],
    ['another command', ['walk'], 'warmslot-operator run'],
    ['a flag that there is not', ['run', '--colour', 'red'], '--colour'],
    ['a word too many', ['run', 'fast'], 'fast'],
    ['a flag without its value', ['run', '--namespace'], '--namespace'],
    ['a number that is none', ['run', '--probe-ms', 'soon'], '--probe-ms'],
    ['a number that is negative', ['run', '--probe-ms=-1'], '--probe-ms'],
    ['a number out of its range', ['run', '--concurrency', '0'], 'concurrency'],
    ['neither true nor false', ['run', '--leader-election', 'yes'], '--leader-election'],
    ['a level that there is not', ['run', '--log-level', 'loud'], 'logLevel'],
    ['an address that is none', ['run', '--health-listen', 'everywhere'], 'healthListen'],
    ['a namespace that is none', ['run', '--namespace', 'My Own'], 'namespace'],
  ])('that has %s is one line, and exit code 2', async (_, given, word) => {
    const { code, errors, output } = await run(given)
    expect({ code, output }).toEqual({ code: 2, output: '' })
    expect(errors).toMatch(/^warmslot-operator: [^\n]+\n$/)
    expect(errors).toContain(word)
  })

  it('names a variable that is wrong', async () => {
    const { code, errors } = await run(['run'], { WARMSLOT_OPERATOR_PROBE_MS: 'soon' })
    expect(code).toBe(2)
    expect(errors).toContain('WARMSLOT_OPERATOR_PROBE_MS')
  })
})

describe('options', () => {
  it('come from flags before variables, and an empty variable is none', () => {
    const environment = {
      WARMSLOT_OPERATOR_NAMESPACE: 'v',
      WARMSLOT_OPERATOR_PROBE_MS: '700',
      WARMSLOT_OPERATOR_LEASE_NAME: '',
    }
    expect(readOptions(['--namespace', 'f', '--leader-election', 'false'], environment)).toEqual({
      namespace: 'f',
      probeMs: 700,
      leaderElection: false,
    })
  })

  it('have the defaults that are documented', () => {
    expect(resolveOperatorOptions({}, undefined)).toMatchObject({
      namespace: 'default',
      probeMs: 10_000,
      retryMs: 30_000,
    })
    expect(resolveOperatorOptions({}, 'of-the-context').namespace).toBe('of-the-context')
  })
})
