/** A host for tests, on ports of its own, and what a client does with it. */
import { pino } from 'pino'
import { Host, type HostOptions } from '../../src/index.ts'
import { digestOf } from '../../src/modules/digest.ts'

export interface TestHost extends AsyncDisposable {
  readonly host: Host
  readonly data: string
  readonly admin: string
  put(
    uid: string,
    bytes: Uint8Array<ArrayBuffer>,
    settings?: Record<string, string | number>,
  ): Promise<Response>
  run(name: string, argument: string, body?: BodyInit): Promise<Response>
  call(name: string, exported: string, body?: unknown): Promise<Response>
  purge(uid: string): Promise<Response>
}

export async function startHost(options: HostOptions = {}): Promise<TestHost> {
  const host = await Host.start(
    { listen: '127.0.0.1:0', adminListen: '127.0.0.1:0', workers: 2, slots: 8, graceMs: 300, ...options },
    pino({ level: 'silent' }),
  )
  const data = `http://127.0.0.1:${host.addresses.listen.port}`
  const admin = `http://127.0.0.1:${host.addresses.adminListen.port}`
  return {
    host,
    data,
    admin,
    put(uid, body, settings = {}) {
      const query = new URLSearchParams({ digest: digestOf(body), ...settings } as Record<string, string>)
      return fetch(`${admin}/v1/modules/${uid}?${query}`, { method: 'PUT', body })
    },
    run(name, argument, body) {
      const query = new URLSearchParams({ arg: argument })
      return fetch(`${data}/v1/modules/${name}/run?${query}`, { method: 'POST', body: body ?? null })
    },
    call(name, exported, body) {
      const init = { method: 'POST', body: body === undefined ? null : JSON.stringify(body) }
      return fetch(`${data}/v1/modules/${name}/call/${exported}`, init)
    },
    purge: (uid) => fetch(`${admin}/v1/modules/${uid}`, { method: 'DELETE' }),
    [Symbol.asyncDispose]: () => host.close(),
  }
}
