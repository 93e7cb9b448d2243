/** Server-side apply of manifests, strictly: a field that the API server does not know is an error. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parse, parseAllDocuments } from 'yaml'
import { mustCallApi, type ApiServerAddress } from './call-api.ts'

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
}

/** The package's `deploy/`. */
export const deployFolder: string = join(import.meta.dirname, '../../../deploy')

/** The manifests that a `kustomization.yaml` lists as resources, which are files here. */
export function readManifests(folder: string): Manifest[] {
  const { resources } = parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8')) as {
    resources: string[]
  }
  return resources.flatMap((file) =>
    parseAllDocuments(readFileSync(join(folder, file), 'utf8')).map(
      (document) => document.toJS() as Manifest,
    ),
  )
}

/** @returns the object as the API server has it then @throws Error with the API server's message */
// oxlint-disable-next-line typescript/no-explicit-any -- any kind of object
export async function apply(address: ApiServerAddress, manifest: Manifest): Promise<any> {
  const path = `${await pathOf(address, manifest)}?fieldManager=test&force=true&fieldValidation=Strict`
  const contentType = 'application/apply-patch+yaml'
  const applied = await mustCallApi(address, path, { method: 'PATCH', body: manifest, contentType })
  if (manifest.kind === 'CustomResourceDefinition') await untilEstablished(address, path)
  return applied
}

async function pathOf(address: ApiServerAddress, { apiVersion, kind, metadata }: Manifest): Promise<string> {
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const { resources } = (await mustCallApi(address, group)) as {
    resources: { kind: string; name: string; namespaced: boolean }[]
  }
  const found = resources.find((one) => one.kind === kind && !one.name.includes('/'))
  if (found === undefined) throw new Error(`The API server has no ${kind} in ${apiVersion}`)
  const namespace = found.namespaced ? `/namespaces/${metadata.namespace ?? 'default'}` : ''
  return `${group}${namespace}/${found.name}/${metadata.name}`
}

/** Until its objects can be asked for, at all paths. */
async function untilEstablished(address: ApiServerAddress, path: string): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    const { spec, status } = await mustCallApi(address, path.replace(/\?.*/, ''))
    const conditions: { type: string; status: string; message: string }[] = status?.conditions ?? []
    const unstructured = conditions.find(({ type }) => type === 'NonStructuralSchema')
    if (unstructured !== undefined) throw new Error(unstructured.message)
    const served = `/apis/${spec.group}/${spec.versions[0].name}`
    if (
      conditions.some((one) => one.type === 'Established' && one.status === 'True') &&
      (await isServed(address, served))
    )
      return
    await wait(50)
  }
  throw new Error(`${path} was not established in 30 s`)
}

async function isServed(address: ApiServerAddress, path: string): Promise<boolean> {
  return await mustCallApi(address, path).then(
    () => true,
    () => false,
  )
}
