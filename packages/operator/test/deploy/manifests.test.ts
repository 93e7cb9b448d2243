/** The manifests hang together: what kustomize will find, what the Pod Security Standard asks for, and samples that can be loaded. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'

const deploy = join(import.meta.dirname, '../../deploy')

function documentsOf(file: string): readonly any[] {
  return parseAllDocuments(readFileSync(file, 'utf8')).map((document) => {
    expect(document.errors).toEqual([])
    return document.toJS() as unknown
  })
}

const files = readdirSync(deploy, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => join(deploy, name))
const kustomizations = files.filter((file) => basename(file) === 'kustomization.yaml')

it('every manifest is a resource of its folder, except samples to fill in', () => {
  const listed = kustomizations.flatMap((file) =>
    (documentsOf(file)[0].resources as string[]).map((resource) =>
      resource.endsWith('.yaml')
        ? join(dirname(file), resource)
        : join(dirname(file), resource, 'kustomization.yaml'),
    ),
  )
  for (const file of listed) expect(files).toContain(file)
  const unlisted = files.filter((file) => !listed.includes(file) && basename(file) !== 'kustomization.yaml')
  expect(unlisted.map((file) => file.slice(deploy.length + 1)).toSorted()).toEqual([
    'samples/http.yaml',
    'samples/oci.yaml',
  ])
})

describe.each(['hosts/daemonset.yaml', 'operator/deployment.yaml'])('%s', (name) => {
  const [{ metadata, spec }] = documentsOf(join(deploy, name))
  const pod = spec.template.spec

  it('is what the Pod Security Standard calls restricted, and writes nothing', () => {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 1000,
      seccompProfile: { type: 'RuntimeDefault' },
    })
    for (const { securityContext, resources } of pod.containers) {
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
      expect(resources).toMatchObject({
        requests: { cpu: expect.any(String), memory: expect.any(String) },
        limits: { memory: expect.any(String) },
      })
    }
    expect((pod.volumes ?? []).filter((volume: object) => !('projected' in volume))).toEqual([])
  })

  it('selects its own pods', () => {
    expect(spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels)
    expect(metadata.labels).toEqual(spec.template.metadata.labels)
  })

  it('names the ports that its probes ask', () => {
    for (const { ports, startupProbe, readinessProbe, livenessProbe } of pod.containers)
      for (const probe of [startupProbe, readinessProbe, livenessProbe])
        expect(ports.map(({ name: port }: { name: string }) => port)).toContain(probe.httpGet.port)
  })
})

it('a host has more time to end than it needs', () => {
  const [{ spec }] = documentsOf(join(deploy, 'hosts/daemonset.yaml'))
  const { terminationGracePeriodSeconds, containers } = spec.template.spec
  const drainSeconds = 30
  expect(terminationGracePeriodSeconds).toBeGreaterThan(
    containers[0].lifecycle.preStop.sleep.seconds + drainSeconds,
  )
})

it('operator and hosts mean the same audience and the same account', () => {
  const [operator] = documentsOf(join(deploy, 'operator/deployment.yaml'))
  const [host] = documentsOf(join(deploy, 'hosts/daemonset.yaml'))
  const { args } = host.spec.template.spec.containers[0]
  const after = (flag: string): string => args[args.indexOf(flag) + 1]
  const [{ serviceAccountToken }] = operator.spec.template.spec.volumes[0].projected.sources
  expect(serviceAccountToken.audience).toBe(after('--token-review-audience'))
  const [{ namespace }] = kustomizations
    .filter((file) => file.includes('/operator/deploy/operator/'))
    .flatMap(documentsOf)
  expect(after('--token-review-accounts')).toBe(
    `${namespace}:${operator.spec.template.spec.serviceAccountName}`,
  )
  const [mount] = operator.spec.template.spec.containers[0].volumeMounts
  expect(operator.spec.template.spec.containers[0].args).toContain(
    `--host-token-file=${mount.mountPath}/${serviceAccountToken.path}`,
  )
})

it("the sample's bytes are those of its digest", () => {
  const [{ binaryData }, { spec }] = documentsOf(join(deploy, 'samples/hello.yaml'))
  const bytes = Buffer.from(binaryData[spec.source.configMap.key], 'base64')
  expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).toBe(spec.digest)
})
