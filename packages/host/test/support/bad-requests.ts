/** Tables of requests that are wrong: each gets its problem, and the host still answers the next good one. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkAnswer, describedPath } from './conformance.ts'
import { command, library } from './programs.ts'
import { problemOf, rawRequest, type RawRequest } from './raw-request.ts'
import { startHost, type TestHost } from './test-host.ts'

/** `problem`: the status and the code. */
export type BadRequest = RawRequest & { readonly problem: string }

/** What is sent, by what is wrong with it. */
export type Table = Readonly<Record<string, BadRequest>>

/** The largest module that is taken, in bytes. */
export const moduleBytes = 4_096

export const bad = '400 WARMSLOT_BAD_REQUEST'
export const noSuchPath = '404 WARMSLOT_NO_SUCH_PATH'
export const otherMethods = '405 WARMSLOT_METHOD_NOT_ALLOWED'
export const tooLarge = '413 WARMSLOT_TOO_LARGE'
export const unknownModule = '404 WARMSLOT_UNKNOWN_MODULE'

/** A host for the tests of one file: with modules `command` and `library`, and without `purged`. */
export class BadRequests {
  #host: TestHost | undefined

  constructor() {
    beforeAll(async () => {
      const host = await startHost({ moduleBytes, maxMemoryBytes: 2 ** 20 })
      this.#host = host
      await host.put('command', command, { requestBytes: 100 })
      await host.put('library', library)
      await host.put('purged', command)
      await host.purge('purged')
    })
    afterAll(() => this.#host?.host.close())
  }

  get host(): TestHost {
    return this.#host!
  }

  /** A test for each. */
  data(table: Table): void {
    test.each(Object.entries(table))('%s', (_, request) => this.#check('data', request))
  }

  admin(table: Table): void {
    test.each(Object.entries(table))('%s', (_, request) => this.#check('admin', request))
  }

  async #check(port: 'data' | 'admin', { problem, ...request }: BadRequest): Promise<void> {
    const answer = await rawRequest(this.host[port], request)
    const { status, code, detail } = problemOf(answer)
    expect(`${answer.status} ${code}: ${detail}`).toMatch(new RegExp(`^${problem}: .{10,}`))
    expect(status).toBe(answer.status)
    const path = describedPath(request.path, port)
    if (path !== undefined && problem !== otherMethods)
      checkAnswer({ method: request.method ?? 'GET', path }, answer)
    if (status === 405) expect(answer.headers.allow).toMatch(/^[A-Z]+(, [A-Z]+)*$/)
    const ran = await this.host.run('command', 'e', 'after it')
    expect(`${ran.status} ${await ran.text()}`).toBe('200 after it')
  }
}
