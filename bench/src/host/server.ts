/** A host in a process of its own, seen from here. */
import type { InstanceMode } from '@warmslot/host'
import { type ChildProcess, fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

interface Ports {
  readonly data: number
  readonly admin: number
}

export class Server implements AsyncDisposable {
  readonly instances: InstanceMode
  readonly #process: ChildProcess
  readonly #ports: Ports

  private constructor(instances: InstanceMode, child: ChildProcess, ports: Ports) {
    this.instances = instances
    this.#process = child
    this.#ports = ports
  }

  static async start(instances: InstanceMode): Promise<Server> {
    const child = fork(fileURLToPath(new URL('serve.ts', import.meta.url)), [instances])
    const [ports] = (await once(child, 'message')) as [Ports]
    return new Server(instances, child, ports)
  }

  /** Where requests for a module go, without the query. */
  runUrl(name: string): string {
    return `http://127.0.0.1:${this.#ports.data}/v1/modules/${name}/run`
  }

  /** @throws Error that says what the server answered */
  async put(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    const url = `http://127.0.0.1:${this.#ports.admin}/v1/modules/${name}?digest=${digest}&timeLimitMs=30000`
    const answer = await fetch(url, { method: 'PUT', body: bytes })
    if (!answer.ok) throw new Error(`${name} cannot be loaded: ${await answer.text()}`)
  }

  /** The purge's receipt must be complete. */
  async delete(name: string): Promise<void> {
    const url = `http://127.0.0.1:${this.#ports.admin}/v1/modules/${name}?waitMs=30000`
    const answer = await fetch(url, { method: 'DELETE' })
    if (answer.status !== 200) throw new Error(`${name} is not purged: ${await answer.text()}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#process, 'exit')
    this.#process.disconnect()
    await gone
  }
}
