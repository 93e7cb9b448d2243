/** The administration of modules: put, look, delete. Answers are the same for a second call: a controller may repeat itself. */
import { setTimeout as sleep } from 'node:timers/promises'
import { BadRequestError } from '../errors/bad-request-error.ts'
import { UnknownModuleError } from '../errors/unknown-module-error.ts'
import { checkDigest, readDigest } from '../modules/digest.ts'
import type { HostModule, HostReceipt, ModuleIdentity } from '../modules/host-module.ts'
import { readName, readOwner } from '../modules/module-name.ts'
import type { ModuleRegistry } from '../modules/module-registry.ts'
import { type HostLimits, readSettings } from '../modules/module-settings.ts'
import type { ModuleSlotCounts, ModuleSlots } from '../slot-map/module-slots.ts'
import type { HttpAnswer } from './answers.ts'
import { json } from './answers.ts'
import { readBody } from './body.ts'
import { checkInstance } from './instance-header.ts'
import type { HttpRequest, Route } from './router.ts'

/** How long `DELETE` waits for the receipt, in milliseconds, unless `waitMs` says otherwise. */
const defaultWaitMs = 5_000
const longestWaitMs = 60_000

export interface AdminOptions {
  readonly limits: HostLimits
  /** How large a module may be, in bytes. */
  readonly moduleBytes: number
  /** Of this host: what is for another one is not done. */
  readonly instance: string
  readonly slotCounts: ModuleSlotCounts
}

export function adminRoutes(modules: ModuleRegistry, options: AdminOptions): Route[] {
  return [
    { method: 'PUT', path: '/v1/modules/{uid}', handle: (request) => put(modules, options, request) },
    {
      method: 'GET',
      path: '/v1/modules',
      handle: () => list(modules, options),
    },
    { method: 'GET', path: '/v1/modules/{uid}', handle: (request) => get(modules, options, request) },
    { method: 'DELETE', path: '/v1/modules/{uid}', handle: (request) => remove(modules, options, request) },
    { method: 'GET', path: '/v1/purges/{uid}', handle: (request) => purge(modules, request) },
  ]
}

/** What is told of a module. */
function describe(module: HostModule, slots?: ModuleSlots): Record<string, unknown> {
  const { identity, owner, state, kind, settings, byteLength, loadedAt, requests } = module
  const loaded = loadedAt.toISOString()
  return { ...identity, owner, state, kind, settings, byteLength, loadedAt: loaded, requests, slots }
}

async function list(modules: ModuleRegistry, { slotCounts }: AdminOptions): Promise<HttpAnswer> {
  const slotsOf = await slotCounts.count()
  return json(200, { modules: modules.list().map((one) => describe(one, slotsOf(one.identity.uid))) })
}

async function put(
  modules: ModuleRegistry,
  options: AdminOptions,
  request: HttpRequest,
): Promise<HttpAnswer> {
  const { message, parameters, query } = request
  checkInstance(message, options.instance)
  const uid = readName('UID', parameters['uid']!)
  const { name, digest, owner: whose, ...settings } = onceEach(query)
  if (digest === undefined) throw new BadRequestError('Say the digest of the bytes: "?digest=sha256:...".')
  const identity = { uid, name: readName('name', name ?? uid), digest }
  const owner = whose === undefined ? undefined : readOwner(whose)
  const resolved = readSettings(settings, options.limits)
  const bytes = await readBody(message, options.moduleBytes)
  checkDigest(bytes, digest)
  const { module, created } = await modules.put(identity, resolved, bytes, owner)
  if (created) options.slotCounts.forget()
  return json(created ? 201 : 200, describe(module), { location: `/v1/modules/${uid}` })
}

/** What is said twice would count once, and which one is anybody's guess. @throws BadRequestError */
function onceEach(query: URLSearchParams): Record<string, string> {
  const values = Object.fromEntries(query)
  if (Object.keys(values).length === query.size) return values
  const twice = [...query.keys()].find((name) => query.getAll(name).length > 1)
  throw new BadRequestError(`The query has ${JSON.stringify(twice)} more than once.`)
}

async function get(
  modules: ModuleRegistry,
  { slotCounts }: AdminOptions,
  { parameters }: HttpRequest,
): Promise<HttpAnswer> {
  const uid = readName('UID', parameters['uid']!)
  const module = modules.get(uid)
  if (module === undefined) throw new UnknownModuleError(uid)
  const slotsOf = await slotCounts.count()
  return json(200, describe(module, slotsOf(uid)))
}

async function remove(
  modules: ModuleRegistry,
  options: AdminOptions,
  { message, parameters, query }: HttpRequest,
): Promise<HttpAnswer> {
  checkInstance(message, options.instance)
  const uid = readName('UID', parameters['uid']!)
  const { waitMs: wait, digest, name } = onceEach(query)
  const waitMs = readWait(wait)
  const purging = modules.delete(uid, meantIdentity(uid, name, digest))
  options.slotCounts.forget()
  // What goes wrong in it is told by whoever asks for the receipt.
  purging.catch(() => undefined)
  const receipt = await Promise.race([purging, sleep(waitMs, undefined, { ref: false })])
  return receipt === undefined ? pending(modules, uid) : json(200, receipt)
}

/** Without a digest it is meant to be here. */
function meantIdentity(
  uid: string,
  name: string | undefined,
  digest: string | undefined,
): ModuleIdentity | undefined {
  const given = readName('name', name ?? uid)
  return digest === undefined ? undefined : { uid, name: given, digest: readDigest(digest) }
}

function purge(modules: ModuleRegistry, { parameters }: HttpRequest): HttpAnswer {
  const uid = readName('UID', parameters['uid']!)
  const receipt: HostReceipt | undefined = modules.receiptOf(uid)
  if (receipt !== undefined) return json(200, receipt)
  if (modules.get(uid)?.purge === undefined) throw new UnknownModuleError(uid)
  return pending(modules, uid)
}

/** Not proved yet: how far it is, and where to ask. */
function pending(modules: ModuleRegistry, uid: string): HttpAnswer {
  const module = modules.get(uid)
  const body = {
    uid,
    complete: false,
    state: module?.state,
    requests: module?.requests,
    lastAttempt: module?.receipt,
  }
  return json(202, body, { location: `/v1/purges/${uid}`, 'retry-after': '1' })
}

function readWait(text: string | undefined): number {
  if (text === undefined) return defaultWaitMs
  const waitMs = Number(text)
  if (/^\d+$/.test(text) && waitMs <= longestWaitMs) return waitMs
  throw new BadRequestError(`"waitMs" must be a whole number of milliseconds, ${longestWaitMs} at most.`)
}
