/** Modules by plain requests. */
import { group, kind, plural, version, type ModuleSpec } from '../../../src/resource/module.ts'
import { callApi, type ApiAnswer, type ApiServerAddress } from './call-api.ts'

export function modulePath(namespace: string, name = ''): string {
  return `/apis/${group}/${version}/namespaces/${namespace}/${plural}${name && `/${name}`}`
}

/** @param spec may be wrong; the answer says so */
export function aModule(name: string, spec: ModuleSpec | object, status?: object): object {
  return { apiVersion: `${group}/${version}`, kind, metadata: { name }, spec, ...(status && { status }) }
}

/** Strict: an unknown field is an error. */
export function createModule(
  address: ApiServerAddress,
  namespace: string,
  module: object,
  query = 'fieldValidation=Strict',
): Promise<ApiAnswer> {
  return callApi(address, `${modulePath(namespace)}?${query}`, { method: 'POST', body: module })
}

export function patchModule(
  address: ApiServerAddress,
  path: string,
  patch: object,
  token: string = address.adminToken,
): Promise<ApiAnswer> {
  return callApi(address, path, {
    method: 'PATCH',
    body: patch,
    contentType: 'application/merge-patch+json',
    token,
  })
}
