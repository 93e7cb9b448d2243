/** Which Modules the API server takes, and what it says of the others. */
import { beforeAll, expect, test } from 'vitest'
import type { ApiServerAddress } from '../support/api-server/call-api.ts'
import { aModule, createModule, modulePath, patchModule } from '../support/api-server/modules.ts'
import { newNamespace } from '../support/api-server/namespaces.ts'
import { describeOnApiServer, sharedApiServer } from '../support/api-server/shared-api-server.ts'
import { aDigest } from '../support/populated.ts'

const source = { http: { url: 'https://modules.example/hello.wasm' } }
const least = { source, digest: aDigest }
const http = (url: string): object => ({ ...least, source: { http: { url } } })
const oci = (reference: string): object => ({ ...least, source: { oci: { reference } } })
const configMap = (name: string, key: string): object => ({ ...least, source: { configMap: { name, key } } })
const limits = (given: object): object => ({ ...least, limits: given })
const expression = (given: object): object => ({
  ...least,
  hosts: { selector: { matchExpressions: [{ key: 'zone', ...given }] } },
})

const accepted: Record<string, object> = {
  'what is required': least,
  'http without TLS, with a port, a path with "@" and a query': http(
    'http://store.default.svc:8080/a@b/c.wasm?x=1@2',
  ),
  'a URL without a path': http('https://modules.example'),
  'an IPv6 address': http('http://[::1]:8080/a.wasm'),
  'a URL of 2,048 characters': http(`https://a.example/${'a'.repeat(2048 - 18)}`),
  'an OCI reference with a tag': oci('ghcr.io/example/hello:1.2.3'),
  'an OCI reference with a digest': oci(`ghcr.io/example/a__b/hello@${aDigest}`),
  'a registry with a port': oci('registry:5000/hello:v1'),
  'a registry on localhost': oci('localhost/hello:v1'),
  'a registry at an IPv6 address': oci('[::1]:5000/hello:v1'),
  'a ConfigMap': configMap('hello-1.2', 'Hello_1.wasm'),
  'a key that begins with a dot': configMap('hello', '.wasm'),
  'limits, all as small as can be': limits({
    memoryBytes: 65_536,
    timeMs: 1,
    concurrency: 1,
    queue: 0,
    requestBytes: 0,
    responseBytes: 0,
  }),
  'limits, all as large as can be': limits({
    memoryBytes: 2 ** 32,
    timeMs: 2 ** 30 - 1,
    concurrency: 1024,
    queue: 100_000,
    requestBytes: 2 ** 30,
    responseBytes: 2 ** 30,
  }),
  'no limits': limits({}),
  'warm slots, none': { ...least, warmSlots: 0 },
  'warm slots, 4,096': { ...least, warmSlots: 4096 },
  'initialized once': { ...least, initialize: 'once' },
  'initialized in each request': { ...least, initialize: 'each-request' },
  'hosts without a selector': { ...least, hosts: {} },
  'an expression with values': expression({ operator: 'NotIn', values: ['a'] }),
  'an expression without values': expression({ operator: 'Exists' }),
}

/** What the message says is in one or two parts: the field, and what to do. */
const refused: [what: string, spec: object, ...says: string[]][] = [
  ['no source', { digest: aDigest }, 'spec.source: Required value'],
  ['no digest', { source }, 'spec.digest: Required value'],
  ['an empty source', { ...least, source: {} }, 'Give exactly one of configMap, http and oci.'],
  [
    'two sources',
    { ...least, source: { ...source, oci: { reference: 'ghcr.io/a/b:1' } } },
    'Give exactly one of configMap, http and oci.',
  ],
  ['an unknown source', { ...least, source: { ...source, git: {} } }, 'unknown field "spec.source.git"'],
  ['an unknown field', { ...least, warmslots: 1 }, 'unknown field "spec.warmslots"'],
  ...[
    'sha256:12',
    aDigest.toUpperCase(),
    aDigest.slice(7),
    `sha512:${aDigest.slice(7)}`,
    `${aDigest.slice(0, -1)}g`,
  ].map((digest): [string, object, ...string[]] => [
    `the digest ${digest}`,
    { ...least, digest },
    'spec.digest: Invalid value',
    'Give "sha256:" and the 64 hexadecimal digits, in lower case, that `sha256sum` says',
  ]),
  [
    'a digest that is too long',
    { ...least, digest: `${aDigest}0` },
    'spec.digest: Too long: may not be more than 71 bytes',
  ],
  ...[
    'ftp://modules.example/a.wasm',
    'modules.example/a.wasm',
    '/a.wasm',
    'https://',
    'https:///a.wasm',
    'https://user:secret@modules.example/a.wasm',
    'https://modules.example/a.wasm#part',
    'https://modules.example/a b.wasm',
    'https://modules.example/%zz.wasm',
    'https://:8080/a.wasm',
    ' https://modules.example/a.wasm',
    'HTTPS://modules.example/a.wasm',
  ].map((url): [string, object, ...string[]] => [
    `the URL ${url}`,
    http(url),
    'spec.source.http.url: Invalid value',
    'Give an absolute http or https URL, such as https://modules.example/hello.wasm',
  ]),
  [
    'a URL of 2,049 characters',
    http(`https://a.example/${'a'.repeat(2049 - 18)}`),
    'may not be more than 2048 bytes',
  ],
  ['no URL', { ...least, source: { http: {} } }, 'spec.source.http.url: Required value'],
  ...[
    'hello:1',
    'example/hello:1',
    'ghcr.io/example/hello',
    'ghcr.io/Example/hello:1',
    'ghcr.io/example//hello:1',
    'ghcr.io/hello:',
    'ghcr.io/hello@sha256:12',
    `ghcr.io/hello:1@${aDigest}`,
    'https://ghcr.io/example/hello:1',
    'ghcr.io./hello:1',
    `ghcr.io/hello:${'1'.repeat(129)}`,
  ].map((reference): [string, object, ...string[]] => [
    `the reference ${reference}`,
    oci(reference),
    'spec.source.oci.reference: Invalid value',
    'Give REGISTRY/REPOSITORY:TAG or REGISTRY/REPOSITORY@sha256:DIGEST',
  ]),
  ...['Hello', 'a_b', '-a', 'a-', 'a..b', 'a/b'].map((name): [string, object, ...string[]] => [
    `the ConfigMap ${name}`,
    configMap(name, 'k'),
    'spec.source.configMap.name: Invalid value',
    'Give the name of a ConfigMap',
  ]),
  ...['a/b', '.', '..', '..a', 'a b'].map((key): [string, object, ...string[]] => [
    `the key ${key}`,
    configMap('hello', key),
    'spec.source.configMap.key: Invalid value',
    "Give a key of the ConfigMap's binaryData",
  ]),
  [
    'a ConfigMap without a key',
    { ...least, source: { configMap: { name: 'a' } } },
    'configMap.key: Required value',
  ],
  [
    'half a page',
    limits({ memoryBytes: 65_536 + 1 }),
    'Give a multiple of 65536: memories consist of pages of 64 KiB.',
  ],
  ['no memory', limits({ memoryBytes: 0 }), 'memoryBytes in body should be greater than or equal to 65536'],
  [
    'more than 4 GiB',
    limits({ memoryBytes: 2 ** 32 + 65_536 }),
    'should be less than or equal to 4294967296',
  ],
  ['no time', limits({ timeMs: 0 }), 'spec.limits.timeMs in body should be greater than or equal to 1'],
  [
    'too much time',
    limits({ timeMs: 2 ** 30 }),
    'spec.limits.timeMs in body should be less than or equal to 1073741823',
  ],
  ['half a millisecond', limits({ timeMs: 0.5 }), 'spec.limits.timeMs in body must be of type integer'],
  [
    'none at once',
    limits({ concurrency: 0 }),
    'spec.limits.concurrency in body should be greater than or equal to 1',
  ],
  [
    'too many at once',
    limits({ concurrency: 1025 }),
    'concurrency in body should be less than or equal to 1024',
  ],
  [
    'a queue below none',
    limits({ queue: -1 }),
    'spec.limits.queue in body should be greater than or equal to 0',
  ],
  [
    'a queue too long',
    limits({ queue: 100_001 }),
    'spec.limits.queue in body should be less than or equal to 100000',
  ],
  [
    'less than no body',
    limits({ requestBytes: -1 }),
    'requestBytes in body should be greater than or equal to 0',
  ],
  [
    'too large a body',
    limits({ requestBytes: 2 ** 30 + 1 }),
    'requestBytes in body should be less than or equal to 1073741824',
  ],
  [
    'less than no answer',
    limits({ responseBytes: -1 }),
    'responseBytes in body should be greater than or equal to 0',
  ],
  [
    'too large an answer',
    limits({ responseBytes: 2 ** 30 + 1 }),
    'responseBytes in body should be less than or equal to 1073741824',
  ],
  [
    'fewer slots than none',
    { ...least, warmSlots: -1 },
    'spec.warmSlots in body should be greater than or equal to 0',
  ],
  [
    'too many slots',
    { ...least, warmSlots: 4097 },
    'spec.warmSlots in body should be less than or equal to 4096',
  ],
  ['text for a number', { ...least, warmSlots: '1' }, 'spec.warmSlots in body must be of type integer'],
  [
    'an unknown initialization',
    { ...least, initialize: 'never' },
    'spec.initialize: Unsupported value: "never": supported values: "each-request", "once"',
  ],
  [
    'In without values',
    expression({ operator: 'In' }),
    'In and NotIn need values, Exists and DoesNotExist have none.',
  ],
  [
    'Exists with values',
    expression({ operator: 'Exists', values: ['a'] }),
    'Exists and DoesNotExist have none.',
  ],
  ['an unknown operator', expression({ operator: 'Gt', values: ['1'] }), 'operator: Unsupported value: "Gt"'],
]

describeOnApiServer('a Module', () => {
  let address: ApiServerAddress
  let namespace: string

  beforeAll(async () => {
    address = await sharedApiServer()
    namespace = await newNamespace(address)
  })

  test.each(Object.entries(accepted))('is taken with %s', async (_what, spec) => {
    const { status, body } = await createModule(
      address,
      namespace,
      aModule('a', spec),
      'fieldValidation=Strict&dryRun=All',
    )
    expect(body.message).toBeUndefined()
    expect(status).toBe(201)
    expect(body.spec).toEqual(spec)
  })

  test.each(refused)('is refused with %s', async (_what, spec, ...says) => {
    const { status, body } = await createModule(
      address,
      namespace,
      aModule('a', spec),
      'fieldValidation=Strict&dryRun=All',
    )
    for (const part of says) expect(body.message).toContain(part)
    expect([400, 422]).toContain(status)
  })

  test('has a name of at most 189 characters, so that hosts can serve it with its namespace before', async () => {
    const long = 'a'.repeat(189)
    expect((await createModule(address, namespace, aModule(long, least))).status).toBe(201)
    const { status, body } = await createModule(address, namespace, aModule(`${long}a`, least))
    expect(status).toBe(422)
    expect(body.message).toContain("A Module's name has at most 189 characters")
    expect(body.message).toContain('Choose a shorter one.')
  })

  test.each<[string, object, string]>([
    [
      'another URL',
      { source: { http: { url: 'https://modules.example/b.wasm' } } },
      'The source cannot be changed.',
    ],
    [
      'another kind of source',
      { source: { http: null, oci: { reference: 'ghcr.io/a/b:1' } } },
      'The source cannot be changed.',
    ],
    ['another digest', { digest: `sha256:${'f'.repeat(64)}` }, 'The digest cannot be changed.'],
  ])('cannot be given %s', async (what, spec, message) => {
    const name = what.toLowerCase().replaceAll(' ', '-')
    expect((await createModule(address, namespace, aModule(name, least))).status).toBe(201)
    const { status, body } = await patchModule(address, modulePath(namespace, name), { spec })
    expect(status).toBe(422)
    expect(body.message).toContain(message)
    expect(body.message).toContain(
      'Make a new Module with another name, send requests there, then delete this one.',
    )
  })

  test('can be given other limits, hosts, warm slots and initialization', async () => {
    expect((await createModule(address, namespace, aModule('b', least))).status).toBe(201)
    const spec = {
      limits: { timeMs: 5 },
      hosts: { selector: { matchLabels: { a: 'b' } } },
      warmSlots: 1,
      initialize: 'once',
    }
    const { status, body } = await patchModule(address, modulePath(namespace, 'b'), { spec })
    expect(status).toBe(200)
    expect(body.spec).toEqual({ ...least, ...spec })
    expect(body.metadata.generation).toBe(2)
  })
})
