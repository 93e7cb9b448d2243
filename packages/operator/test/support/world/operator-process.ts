/** The command `warmslot-operator`, as built, in a process of its own, and what it says. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { until } from '../until.ts'

const program = new URL('../../../dist/warmslot-operator.js', import.meta.url).pathname

export interface OperatorProcessOptions {
  /** A file. */
  readonly kubeConfig?: string
  readonly environment?: Readonly<Record<string, string>>
}

export class OperatorProcess implements AsyncDisposable {
  /** Lines of standard error. */
  readonly lines: string[] = []
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  #output = ''

  /** @param given its parameters */
  constructor(given: readonly string[], { kubeConfig, environment = {} }: OperatorProcessOptions = {}) {
    const env = { PATH: process.env['PATH'], KUBECONFIG: kubeConfig, ...environment }
    this.#child = spawn(process.execPath, [program, ...given], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#ended = once(this.#child, 'close')
    createInterface(this.#child.stderr!).on('line', (line) => this.lines.push(line))
    this.#child.stdout!.setEncoding('utf8').on('data', (part: string) => (this.#output += part))
  }

  /** With ports that the system chooses. */
  static run(flags: readonly string[], options: OperatorProcessOptions): OperatorProcess {
    const listen = ['--health-listen', '127.0.0.1:0', '--metrics-listen', '127.0.0.1:0']
    return new OperatorProcess(['run', ...listen, ...flags], options)
  }

  /** Standard output. */
  get output(): string {
    return this.#output
  }

  /** Its messages so far. */
  get messages(): readonly Readonly<Record<string, unknown>>[] {
    return this.lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  }

  hasSaid(message: string): boolean {
    return this.messages.some(({ msg }) => msg === message)
  }

  async untilSaid(message: string, timeoutMs?: number): Promise<void> {
    await until(`it said "${message}"`, () => this.hasSaid(message), timeoutMs)
  }

  /** Of one of its servers. */
  async get(server: 'health' | 'metrics', path: string): Promise<{ status: number; text: string }> {
    await this.untilSaid('started', 30_000)
    const port = this.messages.find(({ msg }) => msg === 'started')?.[server]
    const answer = await fetch(`http://127.0.0.1:${String(port)}${path}`)
    return { status: answer.status, text: await answer.text() }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Its exit code, once it has ended by itself; null: by a signal. */
  async ended(): Promise<number | null> {
    await this.#ended
    return this.#child.exitCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }
}
