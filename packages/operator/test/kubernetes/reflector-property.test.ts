/**
 * Random changes on the server and random failures in between. What handlers were told must be a possible history of each name, never
 * back in time; and in the end the store is what the server has.
 */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ApiObject, isOlder, systemClock } from '../../src/index.ts'
import { FakeApiServer, sendStatus } from '../support/fake-api-server.ts'
import { collection, ReflectorJournal, type Told } from '../support/reflector-journal.ts'
import { until } from '../support/until.ts'

const names = fc.constantFrom('a', 'b', 'c', 'd', 'e')
type Step =
  | { readonly do: 'put' | 'remove' | 'replace'; readonly name: string }
  | { readonly do: 'cut' | 'end' | 'stall' | 'compact' | 'expirePages' | 'bookmark' | 'pause' }
  | { readonly do: 'refuse'; readonly status: number; readonly count: number }

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('put', 'remove', 'replace'), name: names }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('cut', 'end', 'stall', 'compact', 'expirePages', 'bookmark', 'pause'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('refuse' as const),
      status: fc.constantFrom(401, 403, 410, 429, 500, 503),
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
)

class World {
  readonly #server: FakeApiServer
  #refusals: number[] = []

  constructor(server: FakeApiServer) {
    this.#server = server
    server.script = (_request, response) => {
      const status = this.#refusals.shift()
      return status !== undefined && sendStatus(response, status, 'Scripted')
    }
  }

  async take(step: Step): Promise<void> {
    const { state, openWatches } = this.#server
    if (step.do === 'put') state.put(collection, { metadata: { namespace: 'demo', name: step.name } })
    else if (step.do === 'remove') state.remove(collection, 'demo', step.name)
    else if (step.do === 'replace') {
      state.remove(collection, 'demo', step.name)
      state.put(collection, { metadata: { namespace: 'demo', name: step.name } })
    } else if (step.do === 'refuse') this.#refusals.push(...Array<number>(step.count).fill(step.status))
    else if (step.do === 'compact') state.compact()
    else if (step.do === 'expirePages') state.expirePages()
    else if (step.do === 'pause') await new Promise((resolve) => setTimeout(resolve, 3))
    else for (const watch of openWatches) this.#toWatch(watch, step.do)
  }

  #toWatch(watch: FakeApiServer['openWatches'][0], what: 'cut' | 'end' | 'stall' | 'bookmark'): void {
    if (what === 'cut') watch.cut()
    else if (what === 'end') watch.end()
    else if (what === 'stall') watch.isStalled = true
    else watch.bookmark(this.#server.state.revision)
  }
}

/** Each name: added, updated any number of times, deleted, and so on; each version newer than the one before. */
function checkHistory(told: readonly Told[]): void {
  const present = new Map<string, ApiObject>()
  for (const { type, object } of told) {
    const { name, uid, resourceVersion } = object.metadata!
    const before = present.get(name!)?.metadata
    if (type === 'added') expect(before).toBeUndefined()
    else {
      expect(before?.uid).toBe(uid)
      expect(isOlder(resourceVersion, before!.resourceVersion)).toBe(false)
    }
    if (type === 'deleted') present.delete(name!)
    else present.set(name!, object)
  }
}

function versions(objects: readonly ApiObject[]): string[] {
  return objects
    .map(({ metadata }) => `${metadata!.name} ${metadata!.uid} ${metadata!.resourceVersion}`)
    .sort()
}

test('random changes and failures', { timeout: 120_000 }, async () => {
  expect.hasAssertions()
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { maxLength: 40, size: 'max' }), async (history) => {
      await using server = await FakeApiServer.start()
      const world = new World(server)
      await using journal = new ReflectorJournal(server, {
        pageSize: 2,
        idleAbortMs: 40,
        backOff: { initialMs: 1, maxMs: 4, factor: 2, jitter: 0.5 },
        clock: systemClock,
      })
      for (const step of history) await world.take(step)
      const asOnServer = versions(server.state.list(collection))
      await until('the store is as the server', () => {
        return (
          journal.reflector.hasSynced && versions(journal.reflector.store.list()).join() === asOnServer.join()
        )
      })
      checkHistory(journal.told)
    }),
    { numRuns: 60 },
  )
})
