/** A real host, in a process of its own: `warmslot serve` as a container would run it. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const program = new URL('../../../../host/dist/warmslot.js', import.meta.url).pathname

export interface HostProcessOptions {
  /** Its loopback address. */
  readonly address: string
  readonly adminPort: number
  readonly podUid?: string
  readonly flags?: readonly string[]
}

export class HostProcess implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  /** Where requests for modules arrive. */
  readonly url: string

  private constructor(child: ChildProcess, exited: Promise<unknown>, url: string) {
    this.#child = child
    this.#exited = exited
    this.url = url
  }

  static async start({ address, adminPort, podUid, flags = [] }: HostProcessOptions): Promise<HostProcess> {
    const child = spawn(
      process.execPath,
      [
        program,
        'serve',
        '--listen',
        `${address}:0`,
        '--admin-listen',
        `${address}:${adminPort}`,
        '--workers',
        '1',
        '--slots',
        '16',
        '--log-level',
        'warn',
        ...(podUid === undefined ? [] : ['--pod-uid', podUid]),
        ...flags,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    const exited = once(child, 'exit')
    for await (const line of createInterface(child.stdout!)) {
      const [, url] = /requests at (\S+),/.exec(line) ?? []
      if (url !== undefined) return new HostProcess(child, exited, url)
    }
    throw new Error('the host has not started')
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** Mappings of images whose name has this in it, by the kernel's word. */
  mappings(text: string): number {
    const path = `/proc/${this.pid}/maps`
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || !existsSync(path)) return 0
    const lines = readFileSync(path, 'latin1').split('\n')
    return lines.filter((line) => line.includes('memfd:') && line.includes(text)).length
  }

  /** Descriptors of images. */
  descriptors(): number {
    const folder = `/proc/${this.pid}/fd`
    return existsSync(folder) ? readdirSync(folder).length : 0
  }

  pause(): void {
    process.kill(this.pid, 'SIGSTOP')
  }

  resume(): void {
    process.kill(this.pid, 'SIGCONT')
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.kill()
  }
}
