/** Where the API server has Modules. */
import type { Resource } from '../kubernetes/resource.ts'
import { group, plural, version } from './module.ts'

export const moduleResource: Resource = { group, version, plural, namespaced: true }
