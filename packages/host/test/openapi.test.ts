import { Validator } from '@seriousme/openapi-schema-validator'
import { expect, test } from 'vitest'
import { adminRoutes } from '../src/http/admin-routes.ts'
import { hostRoutes } from '../src/http/host-routes.ts'
import { openApi } from '../src/http/openapi.ts'
import { healthRoutes, operationsRoutes } from '../src/http/operations-routes.ts'
import type { Route } from '../src/http/router.ts'
import { runRoutes } from '../src/http/run-routes.ts'
import { settingNames } from '../src/modules/module-settings.ts'
import { slotMapRoutes } from '../src/slot-map/slot-map-routes.ts'
import { type OperationPart, paths } from './support/conformance.ts'

test('the description is a valid document of OpenAPI 3.1', async () => {
  const validator = new Validator()
  const { valid, errors } = await validator.validate(structuredClone(openApi) as Record<string, unknown>)
  expect(errors ?? []).toEqual([])
  expect(valid).toBe(true)
  expect(validator.version).toBe('3.1')
})

test('every reference leads somewhere, and everything that can be referred to is', () => {
  const found = new Set(Array.from(JSON.stringify(openApi).matchAll(/"#\/([^"]+)"/g), ([, path]) => path!))
  const components = openApi['components'] as Record<string, Record<string, unknown>>
  const there = ['parameters', 'schemas'].flatMap((kind) =>
    Object.keys(components[kind]!).map((name) => `components/${kind}/${name}`),
  )
  expect([...found].toSorted()).toEqual(there.toSorted())
})

// What routes do is not asked here, so they need nothing to do it with.
const none = undefined as never
/** Files that the slot map's page loads are no part of the description. */
const slotMap = slotMapRoutes(none, new AbortController().signal).filter(
  ({ path }) => path === '/' || path.startsWith('/v1/'),
)
const ports: Readonly<Record<string, readonly Route[]>> = {
  'data port': [...runRoutes(none), ...healthRoutes(none)],
  'administration port': [
    ...adminRoutes(none, none),
    ...hostRoutes(none),
    ...healthRoutes(none),
    ...operationsRoutes(none),
    ...slotMap,
  ],
}

test.each(Object.keys(ports))('every route of the %s is described, and nothing else', (port) => {
  const routes = ports[port]!.map(({ method, path, open }) => `${method} ${path} ${open ? 'open' : 'token'}`)
  const described = Object.entries(paths).flatMap(([path, { servers, ...operations }]) => {
    if (!servers.some(({ description }) => description.includes(port))) return []
    return Object.entries(operations).map(([method, operation]) => {
      const { security } = operation as OperationPart
      return `${method.toUpperCase()} ${path} ${security?.length === 0 ? 'open' : 'token'}`
    })
  })
  expect(described.toSorted()).toEqual(routes.toSorted())
})

test('every setting is described, and nothing else', () => {
  const { schemas } = openApi['components'] as { schemas: { ModuleSettings: { properties: object } } }
  expect(Object.keys(schemas.ModuleSettings.properties).toSorted()).toEqual(settingNames.toSorted())
})
