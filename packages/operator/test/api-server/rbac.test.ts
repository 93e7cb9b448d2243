/** The operator and the hosts may do what they have to, and nothing else. */
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { moduleFinalizer } from '../../src/resource/module.ts'
import { apply, deployFolder, readManifests, type Manifest } from '../support/api-server/apply.ts'
import { callApi, mustCallApi, type ApiServerAddress } from '../support/api-server/call-api.ts'
import { aModule, createModule, modulePath, patchModule } from '../support/api-server/modules.ts'
import { newNamespace } from '../support/api-server/namespaces.ts'
import { serviceAccountToken } from '../support/api-server/service-account-token.ts'
import { describeOnApiServer, sharedApiServer } from '../support/api-server/shared-api-server.ts'
import { populatedSpec } from '../support/populated.ts'

const system = 'warmslot-system'
const spec = { source: { http: populatedSpec.source.http }, digest: populatedSpec.digest }

/** Verb and resource, `GROUP/RESOURCE[/SUBRESOURCE]`. */
type Action = `${string} ${string}`
interface Rule {
  readonly verbs: string[]
  readonly apiGroups: string[]
  readonly resources: string[]
}

const everywhere: readonly Action[] = [
  'get warmslot.dev/modules',
  'list warmslot.dev/modules',
  'patch warmslot.dev/modules',
  'patch warmslot.dev/modules/status',
  'watch warmslot.dev/modules',
  'get /configmaps',
  'get /nodes',
  'list /nodes',
  'watch /nodes',
  'create /events',
  'patch /events',
  'create events.k8s.io/events',
  'patch events.k8s.io/events',
]
const inItsNamespace: readonly Action[] = [
  'get /pods',
  'list /pods',
  'patch /pods',
  'watch /pods',
  'create coordination.k8s.io/leases',
  'get coordination.k8s.io/leases',
  'patch coordination.k8s.io/leases',
  'update coordination.k8s.io/leases',
]
const ofTheHost: readonly Action[] = ['create authentication.k8s.io/tokenreviews']

describeOnApiServer('of the manifests in deploy/rbac', () => {
  let address: ApiServerAddress
  let elsewhere: string
  let operator: string
  let host: string
  let anybody: string

  beforeAll(async () => {
    address = await sharedApiServer()
    elsewhere = await newNamespace(address)
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: system } }
    const nobody: Manifest = {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'nobody', namespace: system },
    }
    for (const manifest of [namespace, nobody, ...readManifests(join(deployFolder, 'rbac'))])
      await apply(address, manifest)
    operator = await serviceAccountToken(address, system, 'warmslot-operator')
    host = await serviceAccountToken(address, system, 'warmslot-host')
    anybody = await serviceAccountToken(address, system, 'nobody')
  })

  /** What is allowed beyond what every service account may do. */
  async function allowed(token: string, namespace: string): Promise<Action[]> {
    const basic = await allActions(anybody, namespace)
    return (await allActions(token, namespace)).filter((action) => !basic.includes(action)).toSorted()
  }

  async function allActions(token: string, namespace: string): Promise<Action[]> {
    const body = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectRulesReview',
      spec: { namespace },
    }
    const review = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews'
    const { status } = await mustCallApi(address, review, { method: 'POST', body, token })
    expect(status.incomplete).toBe(false)
    return status.resourceRules.flatMap(({ verbs, apiGroups, resources }: Rule) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb): Action => `${verb} ${group}/${resource}`)),
      ),
    )
  }

  test('the operator may do this in its namespace, and nothing else', async () => {
    expect(await allowed(operator, system)).toEqual([...everywhere, ...inItsNamespace].toSorted())
  })

  test('the operator may do this in all namespaces, and nothing else', async () => {
    expect(await allowed(operator, elsewhere)).toEqual(everywhere.toSorted())
  })

  test('a host may ask about tokens, and nothing else', async () => {
    expect(await allowed(host, system)).toEqual(ofTheHost)
    expect(await allowed(host, elsewhere)).toEqual(ofTheHost)
  })

  test.each<[string, string]>([
    ['GET', `/api/v1/namespaces/${system}/secrets`],
    ['GET', `/api/v1/namespaces/${system}/secrets/any`],
    ['GET', '/api/v1/secrets'],
    ['GET', '/api/v1/configmaps'],
    ['GET', '/api/v1/pods'],
    ['DELETE', `/api/v1/namespaces/${system}/pods/any`],
    ['DELETE', `/apis/warmslot.dev/v1alpha1/namespaces/${system}/modules/any`],
    ['DELETE', '/api/v1/nodes/any'],
    ['GET', '/apis/rbac.authorization.k8s.io/v1/clusterroles'],
  ])('the operator is refused %s %s', async (method, path) => {
    const answer = await callApi(address, path, { method: method as 'GET', token: operator })
    expect(answer.status).toBe(403)
  })

  test("the operator patches a Module's finalizers and its status, and cannot make or delete one", async () => {
    const path = modulePath(elsewhere, 'hello')
    expect((await createModule(address, elsewhere, aModule('hello', spec))).status).toBe(201)
    const finalizers = { metadata: { finalizers: [moduleFinalizer] } }
    expect((await patchModule(address, path, finalizers, operator)).body.metadata.finalizers).toEqual([
      moduleFinalizer,
    ])
    expect((await patchModule(address, `${path}/status`, { status: { loads: 1 } }, operator)).status).toBe(
      200,
    )
    expect((await callApi(address, path, { method: 'DELETE', token: operator })).status).toBe(403)
    const another = { method: 'POST', body: aModule('another', spec), token: operator } as const
    expect((await callApi(address, modulePath(elsewhere), another)).status).toBe(403)
  })

  test('a host learns whose token it was given, and whether it was meant for it', async () => {
    const audience = 'warmslot-host'
    const token = await serviceAccountToken(address, system, 'warmslot-operator', [audience])
    const review = async (
      audiences: string[],
    ): Promise<{ authenticated?: boolean; user?: { username: string } }> => {
      const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, audiences } }
      const path = '/apis/authentication.k8s.io/v1/tokenreviews'
      return (await mustCallApi(address, path, { method: 'POST', body, token: host })).status
    }
    expect(await review([audience])).toMatchObject({
      authenticated: true,
      audiences: [audience],
      user: { username: `system:serviceaccount:${system}:warmslot-operator` },
    })
    expect((await review(['another'])).authenticated).not.toBe(true)
  })
})
