/** A module under load, and what the host counts meanwhile. */
import type { TestHost } from './test-host.ts'

/** Requests that come all the time, each with a body of its own that must come back. */
export class Load implements AsyncDisposable {
  answered = 0
  readonly wrong: string[] = []
  #stop = false
  readonly #clients: Promise<void>[]

  constructor(host: TestHost, clients: number) {
    this.#clients = Array.from({ length: clients }, async (_, client) => {
      for (let turn = 0; !this.#stop; turn += 1) await this.#one(host, `client ${client} turn ${turn}`)
    })
  }

  async end(): Promise<void> {
    this.#stop = true
    await Promise.all(this.#clients)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end()
  }

  async #one(host: TestHost, body: string): Promise<void> {
    const response = await host.run('good', 'echo', body)
    const text = await response.text()
    if (response.status === 200 && text === body) this.answered += 1
    else this.wrong.push(`${body}: ${response.status} ${text}`)
  }
}

export async function metric(host: TestHost, name: string): Promise<number> {
  const text = await (await fetch(`${host.admin}/metrics`)).text()
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1])
}
