import { beforeEach, describe, expect, test } from 'vitest'
import {
  addFinalizer,
  type ApiObject,
  configMaps,
  KubernetesApiError,
  ObjectBeingDeletedError,
  ObjectReplacedError,
  removeFinalizer,
} from '../../src/index.ts'
import { ApiState } from '../support/api-state.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { MemoryCluster } from '../support/memory-cluster.ts'

const collection = '/api/v1/configmaps'
const path = '/api/v1/namespaces/demo/configmaps/one'
const own = 'example.com/own'
const other = 'example.com/other'

let state: ApiState
let cluster: MemoryCluster
beforeEach(() => {
  state = new ApiState()
  cluster = new MemoryCluster(state, new ManualClock())
})

function put(finalizers: string[], rest: object = {}): ApiObject {
  return state.put(collection, { metadata: { namespace: 'demo', name: 'one', finalizers, ...rest } })
}

const finalizers = (): unknown => state.get(path)?.metadata.finalizers
const patches = (): unknown[] =>
  cluster.requests.filter(({ method }) => method === 'PATCH').map(({ body }) => body)

describe('adding', () => {
  test('it comes after others, for exactly the object that was read', async () => {
    const object = put([other])
    const now = await addFinalizer(cluster, configMaps, object, own)
    expect(now).toEqual(state.get(path))
    expect(finalizers()).toEqual([other, own])
    const { uid, resourceVersion } = object.metadata!
    expect(patches()).toEqual([{ metadata: { uid, resourceVersion, finalizers: [other, own] } }])
  })

  test('once', async () => {
    const object = put([own])
    expect(await addFinalizer(cluster, configMaps, object, own)).toBe(object)
    expect(cluster.requests).toEqual([])
  })

  test('a change in between is a conflict, and nothing is changed', async () => {
    const object = put([])
    put([other])
    await expect(addFinalizer(cluster, configMaps, object, own)).rejects.toSatisfy(
      KubernetesApiError.isInstance,
    )
    await expect(addFinalizer(cluster, configMaps, object, own)).rejects.toMatchObject({ isConflict: true })
    expect(finalizers()).toEqual([other])
  })

  test.each(['known', 'not known'])('an object whose deletion is %s takes none', async (what) => {
    const before = put([other])
    await cluster.delete(configMaps, { namespace: 'demo', name: 'one' })
    const object = what === 'known' ? state.get(path)! : before
    await expect(addFinalizer(cluster, configMaps, object, own)).rejects.toSatisfy(
      ObjectBeingDeletedError.isInstance,
    )
    expect(finalizers()).toEqual([other])
  })

  test('of an object that is gone it is not found', async () => {
    const object = put([])
    state.remove(collection, 'demo', 'one')
    await expect(addFinalizer(cluster, configMaps, object, own)).rejects.toMatchObject({ isNotFound: true })
  })

  test('another one of that name stays as it is', async () => {
    const object = put([])
    state.remove(collection, 'demo', 'one')
    put([])
    const error = await addFinalizer(cluster, configMaps, object, own).catch((failure: unknown) => failure)
    expect(ObjectReplacedError.isInstance(error)).toBe(true)
    expect((error as Error).message).toBe(
      'configmaps demo/one with the UID uid-1 is gone: another one, uid-2, has its name now. Read it anew.',
    )
    expect(finalizers()).toEqual([])
  })

  test('a server that answers a changed uid with 422 is understood, too; any other 422 is thrown', async () => {
    const object = put([])
    const invalid = new KubernetesApiError('PATCH', 422, { reason: 'Invalid' })
    cluster.script = ({ method }) => (method === 'PATCH' ? invalid : undefined)
    await expect(addFinalizer(cluster, configMaps, object, own)).rejects.toBe(invalid)
    state.remove(collection, 'demo', 'one')
    put([])
    await expect(addFinalizer(cluster, configMaps, object, own)).rejects.toSatisfy(
      ObjectReplacedError.isInstance,
    )
  })

  test('an object that was not read from the cluster is refused', async () => {
    const object = { metadata: { namespace: 'demo', name: 'one' } }
    await expect(addFinalizer(cluster, configMaps, object, own)).rejects.toThrow(
      /"object" must be one that was read/,
    )
  })
})

describe('removing', () => {
  test('others stay', async () => {
    const object = put([other, own, 'example.com/third'])
    expect(await removeFinalizer(cluster, configMaps, object, own)).toEqual(state.get(path))
    expect(finalizers()).toEqual([other, 'example.com/third'])
  })

  test('the last one of an object that is being deleted lets it go', async () => {
    put([own])
    await cluster.delete(configMaps, { namespace: 'demo', name: 'one' })
    const last = await removeFinalizer(cluster, configMaps, state.get(path)!, own)
    expect(last?.metadata?.finalizers).toEqual([])
    expect(state.get(path)).toBeUndefined()
  })

  test('one that is not there', async () => {
    const object = put([other])
    expect(await removeFinalizer(cluster, configMaps, object, own)).toBe(object)
    expect(cluster.requests).toEqual([])
  })

  test.each(['gone', 'gone, and another one has its name'])(
    'an object that is %s needs nothing',
    async (what) => {
      const object = put([own])
      state.remove(collection, 'demo', 'one')
      if (what !== 'gone') put([own])
      expect(await removeFinalizer(cluster, configMaps, object, own)).toBeUndefined()
      expect(finalizers()).toEqual(what === 'gone' ? undefined : [own])
    },
  )

  test('a change since it was judged keeps it: a conflict', async () => {
    const object = put([own])
    put([own], { annotations: { changed: 'yes' } })
    await expect(removeFinalizer(cluster, configMaps, object, own)).rejects.toMatchObject({
      isConflict: true,
    })
    expect(finalizers()).toEqual([own])
    expect(patches()).toHaveLength(1)
  })

  test('gone between the conflict and the look', async () => {
    const object = put([own])
    put([own])
    cluster.script = ({ method }) => {
      if (method === 'GET') state.remove(collection, 'demo', 'one')
      return undefined
    }
    expect(await removeFinalizer(cluster, configMaps, object, own)).toBeUndefined()
  })

  test('other failures are thrown as they are', async () => {
    const object = put([own])
    cluster.fault = 'refuse'
    await expect(removeFinalizer(cluster, configMaps, object, own)).rejects.toMatchObject({ status: 500 })
    cluster.fault = 'lost'
    await expect(removeFinalizer(cluster, configMaps, object, own)).rejects.toMatchObject({
      failure: 'network',
    })
  })
})
