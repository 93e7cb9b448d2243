/** Resources of the API and their paths. */
import { InvalidOptionError } from './errors/invalid-option-error.ts'

export interface Resource {
  /** Empty: the core group. */
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly namespaced: boolean
}

/** Which object, of a resource that the context tells. */
export interface ObjectName {
  /** Of a namespaced resource. */
  readonly namespace?: string | undefined
  readonly name: string
}

export const pods: Resource = { group: '', version: 'v1', plural: 'pods', namespaced: true }
export const configMaps: Resource = { group: '', version: 'v1', plural: 'configmaps', namespaced: true }
export const secrets: Resource = { group: '', version: 'v1', plural: 'secrets', namespaced: true }
export const nodes: Resource = { group: '', version: 'v1', plural: 'nodes', namespaced: false }
export const leases: Resource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  namespaced: true,
}
export const events: Resource = { group: 'events.k8s.io', version: 'v1', plural: 'events', namespaced: true }

/** All objects of a resource, of one namespace or of all. @throws InvalidOptionError */
export function collectionPath({ group, version, plural, namespaced }: Resource, namespace?: string): string {
  const root =
    group === '' ? `/api/${segment('version', version)}` : `/apis/${segment('group', group)}/${version}`
  if (!namespaced && namespace)
    throw new InvalidOptionError('namespace', `left out: ${plural} are in none`, namespace)
  const scope = namespace ? `/namespaces/${segment('namespace', namespace)}` : ''
  return `${root}${scope}/${segment('plural', plural)}`
}

/** One object, or a part of it. @throws InvalidOptionError */
export function objectPath(
  resource: Resource,
  { namespace, name }: ObjectName,
  subresource?: string,
): string {
  if (resource.namespaced && !namespace)
    throw new InvalidOptionError('namespace', `given: ${resource.plural} are in one`, namespace)
  const path = `${collectionPath(resource, namespace)}/${segment('name', name)}`
  return subresource === undefined ? path : `${path}/${segment('subresource', subresource)}`
}

/** Kubernetes' own rule for names in paths. */
function segment(what: string, value: string): string {
  if (value === '' || value === '.' || value === '..' || /[/%]/.test(value))
    throw new InvalidOptionError(what, 'a name without "/" and "%", other than "." and ".."', value)
  return encodeURIComponent(value)
}
