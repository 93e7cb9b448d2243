/** The status is its own subresource, and is what is seen of a Module in a list. */
import { beforeAll, expect, test } from 'vitest'
import { callApi, mustCallApi, type ApiServerAddress } from '../support/api-server/call-api.ts'
import { aModule, createModule, modulePath, patchModule } from '../support/api-server/modules.ts'
import { newNamespace } from '../support/api-server/namespaces.ts'
import { describeOnApiServer, sharedApiServer } from '../support/api-server/shared-api-server.ts'
import { populatedSpec, populatedStatus } from '../support/populated.ts'

const spec = { source: { http: populatedSpec.source.http }, digest: populatedSpec.digest }
const tableOf = 'application/json;as=Table;v=v1;g=meta.k8s.io'

describeOnApiServer("a Module's status", () => {
  let address: ApiServerAddress
  let namespace: string

  beforeAll(async () => {
    address = await sharedApiServer()
    namespace = await newNamespace(address)
  })

  async function newModule(name: string): Promise<string> {
    expect((await createModule(address, namespace, aModule(name, spec))).status).toBe(201)
    return modulePath(namespace, name)
  }

  test('is not written with the Module', async () => {
    const created = await createModule(address, namespace, aModule('with-status', spec, populatedStatus))
    expect(created.status).toBe(201)
    expect(created.body.status).toBeUndefined()
    const patched = await patchModule(address, modulePath(namespace, 'with-status'), { status: { loads: 1 } })
    expect(patched.status).toBe(200)
    expect(patched.body.status).toBeUndefined()
  })

  test('is written alone: spec and finalizers stay, and the generation', async () => {
    const path = await newModule('status-only')
    const patch = {
      status: { loads: 1 },
      spec: { warmSlots: 7 },
      metadata: { finalizers: ['warmslot.dev/purge'] },
    }
    const { status, body } = await patchModule(address, `${path}/status`, patch)
    expect(status).toBe(200)
    expect(body.status).toEqual({ loads: 1 })
    expect(body.spec).toEqual(spec)
    expect(body.metadata.finalizers).toBeUndefined()
    expect(body.metadata.generation).toBe(1)
  })

  test('is refused where another has written since the version that it was judged by', async () => {
    const path = await newModule('conflict')
    const { metadata } = await mustCallApi(address, path)
    expect((await patchModule(address, `${path}/status`, { status: { loads: 1 } })).status).toBe(200)
    const late = { metadata: { resourceVersion: metadata.resourceVersion }, status: { loads: 2 } }
    expect((await patchModule(address, `${path}/status`, late)).status).toBe(409)
    const finalizer = { metadata: { resourceVersion: metadata.resourceVersion, finalizers: null } }
    expect((await patchModule(address, path, finalizer)).status).toBe(409)
  })

  test.each<[string, object, string]>([
    [
      'eleven blockers',
      { blockers: Array.from({ length: 11 }, () => populatedStatus.blockers[0]) },
      'must have at most 10 items',
    ],
    [
      '1,001 records',
      { records: Array.from({ length: 1001 }, () => populatedStatus.records[0]) },
      'must have at most 1000 items',
    ],
    [
      'an unknown state',
      { records: [{ ...populatedStatus.records[0], state: 'Lost' }] },
      'Unsupported value: "Lost"',
    ],
    [
      'a record of no pod',
      { records: [{ ...populatedStatus.records[0], pod: undefined }] },
      'records[0].pod: Required value',
    ],
    [
      'a time that is none',
      { records: [{ ...populatedStatus.records[0], since: 'now' }] },
      'must be of type date-time',
    ],
    ['a host name that is too long', { hostName: 'a'.repeat(254) }, 'may not be more than 253 bytes'],
    [
      'counts without a summary',
      { hosts: { desired: 1, available: 1, purged: 0 } },
      'hosts.summary: Required value',
    ],
    [
      'two conditions of a type',
      { conditions: [populatedStatus.conditions[0], populatedStatus.conditions[0]] },
      'Duplicate value: {"type":"Ready"}',
    ],
  ])('is refused with %s', async (what, status, message) => {
    const path = await newModule(what.replaceAll(/[ ,]/g, '-'))
    const answer = await patchModule(address, `${path}/status`, { status })
    expect(answer.status).toBe(422)
    expect(answer.body.message).toContain(message)
  })

  test('takes 1,000 records with every field, and messages as long as can be', async () => {
    const path = await newModule('large')
    const records = Array.from({ length: 1000 }, (_, i) => ({
      ...populatedStatus.records[0],
      pod: `a-${i}`,
      message: 'a'.repeat(256),
    }))
    expect((await patchModule(address, `${path}/status`, { status: { records } })).status).toBe(200)
  })

  test('is in the columns of a list', async () => {
    const own = await newNamespace(address)
    expect((await createModule(address, own, aModule('hello', spec))).status).toBe(201)
    await patchModule(address, `${modulePath(own, 'hello')}/status`, { status: populatedStatus })
    const table = await mustCallApi(address, modulePath(own), { accept: tableOf })
    expect(
      table.columnDefinitions.map(({ name, priority }: { name: string; priority: number }) => [
        name,
        priority,
      ]),
    ).toEqual([
      ['Name', 0],
      ['Ready', 0],
      ['Hosts', 0],
      ['Reason', 0],
      ['Digest', 1],
      ['Age', 0],
    ])
    expect(table.rows[0].cells.slice(0, 5)).toEqual(['hello', 'False', '2/3', 'HostUnreachable', spec.digest])
  })

  test('is found by the short name and the category', async () => {
    const { body } = await callApi(address, '/apis/warmslot.dev/v1alpha1')
    expect(body.resources).toContainEqual(
      expect.objectContaining({
        name: 'modules',
        shortNames: ['wmod'],
        categories: ['warmslot'],
        namespaced: true,
      }),
    )
  })
})
