/** The custom resource's schema and the TypeScript types have the same fields. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { deployFolder } from '../support/api-server/apply.ts'
import { mustCallApi, type ApiServerAddress } from '../support/api-server/call-api.ts'
import { aModule, createModule, modulePath, patchModule } from '../support/api-server/modules.ts'
import { newNamespace } from '../support/api-server/namespaces.ts'
import { describeOnApiServer, sharedApiServer } from '../support/api-server/shared-api-server.ts'
import { populatedSpec, populatedStatus } from '../support/populated.ts'

interface Schema {
  readonly type: string
  readonly description?: string
  readonly properties?: Record<string, Schema>
  readonly items?: Schema
  readonly additionalProperties?: Schema
  readonly required?: readonly string[]
}

const { properties } = (
  parse(readFileSync(join(deployFolder, 'crd/modules.yaml'), 'utf8')) as {
    spec: { versions: [{ schema: { openAPIV3Schema: { properties: { spec: Schema; status: Schema } } } }] }
  }
).spec.versions[0].schema.openAPIV3Schema
const schema: Schema = { type: 'object', properties: { spec: properties.spec, status: properties.status } }
const populated: unknown = JSON.parse(JSON.stringify({ spec: populatedSpec, status: populatedStatus }))

test('the schema and the types have the same fields', () => {
  expect(schemaFields(schema).toSorted()).toEqual(valueFields(populated).toSorted())
})

test('every field of the schema is described', () => {
  expect(undescribed(schema.properties ?? {})).toEqual([])
})

describeOnApiServer('the API server', () => {
  let address: ApiServerAddress
  let namespace: string

  beforeAll(async () => {
    address = await sharedApiServer()
    namespace = await newNamespace(address)
  })

  test.each(['configMap', 'http', 'oci'] as const)('keeps every field of a Module from %s', async (kind) => {
    const name = kind.toLowerCase()
    const spec = { ...populatedSpec, source: { [kind]: populatedSpec.source[kind] } }
    const path = modulePath(namespace, name)
    const created = await createModule(address, namespace, aModule(name, spec))
    expect(created.body.message).toBeUndefined()
    const patched = await patchModule(address, `${path}/status?fieldValidation=Strict`, {
      status: populatedStatus,
    })
    expect(patched.body.message).toBeUndefined()
    const kept = await mustCallApi(address, path)
    expect({ spec: kept.spec, status: kept.status }).toEqual({
      spec,
      status: JSON.parse(JSON.stringify(populatedStatus)),
    })
  })

  test('drops a field that it does not know, with a warning, where it need not be strict', async () => {
    const source = { http: populatedSpec.source.http, git: 1 }
    const module = aModule('unknown', { digest: populatedSpec.digest, source, more: 1 })
    const { status, body, warnings } = await createModule(address, namespace, module, 'fieldValidation=Warn')
    expect(status).toBe(201)
    expect(body.spec).toEqual({ digest: populatedSpec.digest, source: { http: populatedSpec.source.http } })
    expect(warnings.join()).toContain('spec.more')
    expect(warnings.join()).toContain('spec.source.git')
  })
})

/** `spec.limits.queue`, `status.records[].pod`, `spec.hosts.selector.matchLabels.*`. */
function schemaFields(part: Schema, path = ''): string[] {
  if (part.items !== undefined) return schemaFields(part.items, `${path}[]`)
  if (part.additionalProperties !== undefined) return schemaFields(part.additionalProperties, `${path}.*`)
  if (part.properties === undefined) return [path]
  return Object.entries(part.properties).flatMap(([name, one]) => schemaFields(one, `${path}.${name}`))
}

function valueFields(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return [...new Set(value.flatMap((one) => valueFields(one, `${path}[]`)))]
  if (typeof value !== 'object' || value === null) return [path]
  return Object.entries(value).flatMap(([name, one]) =>
    valueFields(one, path.endsWith('.matchLabels') ? `${path}.*` : `${path}.${name}`),
  )
}

function undescribed(fields: Record<string, Schema>, path = ''): string[] {
  return Object.entries(fields).flatMap(([name, field]) => {
    const here = `${path}.${name}`
    const inside = undescribed(field.items?.properties ?? field.properties ?? {}, here)
    return field.description === undefined ? [here].concat(inside) : inside
  })
}
