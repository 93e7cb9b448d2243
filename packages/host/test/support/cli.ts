/** Runs the command line in a child process, as built. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../dist/warmslot.js', import.meta.url))

export interface CliResult {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunningCli {
  readonly child: ChildProcess
  readonly ended: Promise<CliResult>
  /** Resolves with the addresses of the line that a server prints when it is ready; rejects when it ends before. */
  readonly ready: Promise<{ line: string; data: string; admin: string }>
}

export function startCli(
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): RunningCli {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('WARMSLOT_'))
  const child = spawn(process.execPath, [program, ...parameters], {
    env: { ...Object.fromEntries(kept), NODE_OPTIONS: '', NODE_NO_WARNINGS: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text))
  const ended = new Promise<CliResult>((resolve) => {
    child.on('close', (status) => resolve({ status, ...output }))
  })
  const ready = new Promise<{ line: string; data: string; admin: string }>((resolve, reject) => {
    child.stdout.on('data', () => {
      const [line, data, admin] = /^.*?(http:\S+), .*?(http:\S+)\n/.exec(output.stdout) ?? []
      if (line !== undefined) resolve({ line, data: data!, admin: admin! })
    })
    void ended.then((result) => reject(new Error(JSON.stringify(result))))
  })
  ready.catch(() => undefined)
  return { child, ended, ready }
}

export function runCli(
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<CliResult> {
  return startCli(parameters, environment).ended
}

/** A folder that goes with the test. */
export class TestFolder implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), 'warmslot-cli-'))

  /** @returns the file's path */
  write(name: string, content: string | Uint8Array): string {
    const path = join(this.path, name)
    writeFileSync(path, content)
    return path
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}
