/** Putting modules that are none or may not be, and asking for what is not there. */
import {
  bad,
  type BadRequest,
  BadRequests,
  moduleBytes,
  tooLarge,
  unknownModule,
} from '../support/bad-requests.ts'
import { expect, test } from 'vitest'
import { digestOf } from '../../src/modules/digest.ts'
import { command, library } from '../support/programs.ts'
import type { RawRequest } from '../support/raw-request.ts'
import { wat } from '../support/wat.ts'

const requests = new BadRequests()
const put = { method: 'PUT', body: command } as const
const digest = digestOf(command)
const unusable = '422 WARMSLOT_UNUSABLE_MODULE'

const path = (query: Record<string, string>): string => `/v1/modules/new?${new URLSearchParams(query)}`
const module = (text: string, problem = unusable): BadRequest => {
  const body = wat(text)
  return { method: 'PUT', body, path: path({ digest: digestOf(body) }), problem }
}
const bytes = (body: Uint8Array): BadRequest => {
  return { method: 'PUT', body, path: path({ digest: digestOf(body) }), problem: unusable }
}
const large = new Uint8Array(moduleBytes + 1)

requests.admin({
  'no digest': { ...put, path: '/v1/modules/new', problem: bad },
  'an empty digest': { ...put, path: path({ digest: '' }), problem: bad },
  'another algorithm': { ...put, path: path({ digest: digest.replace('sha256', 'sha512') }), problem: bad },
  'a digest in capitals': { ...put, path: path({ digest: digest.toUpperCase() }), problem: bad },
  'half a digest': { ...put, path: path({ digest: digest.slice(0, 39) }), problem: bad },
  'two digests': { ...put, path: `${path({ digest })}&digest=${digest}`, problem: bad },
  'the digest of something else': {
    ...put,
    path: path({ digest: digestOf(library) }),
    problem: '400 WARMSLOT_DIGEST_MISMATCH',
  },
  'another host': {
    ...put,
    path: path({ digest }),
    headers: { 'warmslot-instance': 'another' },
    problem: '412 WARMSLOT_OTHER_INSTANCE',
  },
  'no host': {
    ...put,
    path: path({ digest }),
    headers: { 'warmslot-instance': '' },
    problem: '412 WARMSLOT_OTHER_INSTANCE',
  },
  'an unknown setting': { ...put, path: path({ digest, memory: '1' }), problem: bad },
  'a setting from the prototype': {
    ...put,
    path: path({ digest, __proto__: '1', constructor: '1' }),
    problem: bad,
  },
  'more memory than the host has': {
    ...put,
    path: path({ digest, memoryBytes: String(2 ** 21) }),
    problem: bad,
  },
  'more warm slots than the host has': { ...put, path: path({ digest, warmSlots: '17' }), problem: bad },
  'no owner': { ...put, path: path({ digest, owner: '' }), problem: bad },
  'an owner that begins with a slash': { ...put, path: path({ digest, owner: '/a' }), problem: bad },
  'an owner with two dots': { ...put, path: path({ digest, owner: 'a/../b' }), problem: bad },
  'an owner with a space': { ...put, path: path({ digest, owner: 'a b' }), problem: bad },
  'an owner that is too long': { ...put, path: path({ digest, owner: 'a'.repeat(254) }), problem: bad },
  'two owners': { ...put, path: `${path({ digest, owner: 'a' })}&owner=a`, problem: bad },
  'a UID of another owner': {
    ...put,
    path: `/v1/modules/command?digest=${digest}&requestBytes=100&owner=other`,
    problem: '409 WARMSLOT_MODULE_CONFLICT',
  },
  'larger, announced': { method: 'PUT', body: large, path: path({ digest }), problem: tooLarge },
  'larger, in pieces': { method: 'PUT', body: [large, large], path: path({ digest }), problem: tooLarge },
  'nothing at all': bytes(new Uint8Array()),
  'no module': bytes(new TextEncoder().encode('#!/bin/sh')),
  'a cut module': bytes(command.subarray(0, command.byteLength - 10)),
  'a module that is not valid': module('(module (func (result i32)))'),
  'a component': bytes(Uint8Array.of(0, 97, 115, 109, 13, 0, 1, 0)),
  'a foreign function': module('(module (import "env" "f" (func)))'),
  'a foreign global': module('(module (import "env" "g" (global i32)))'),
  'a foreign table': module('(module (import "env" "t" (table 1 funcref)))'),
  'WASI of another version': module('(module (import "wasi_unstable" "fd_write" (func)))'),
  'more memory than it may have': module('(module (memory 17))'),
  'a UID with other bytes': {
    method: 'PUT',
    body: library,
    path: `/v1/modules/command?digest=${digestOf(library)}`,
    problem: '409 WARMSLOT_MODULE_CONFLICT',
  },
  'a UID with another name': {
    ...put,
    path: `/v1/modules/command?digest=${digest}&name=other`,
    problem: '409 WARMSLOT_MODULE_CONFLICT',
  },
  'a UID that was purged': {
    ...put,
    path: `/v1/modules/purged?digest=${digest}`,
    problem: '409 WARMSLOT_MODULE_CONFLICT',
  },
})

test('what was refused is not there', async () => {
  const { modules } = (await (await fetch(`${requests.host.admin}/v1/modules`)).json()) as {
    modules: { uid: string }[]
  }
  expect(modules.map(({ uid }) => uid).toSorted()).toEqual(['command', 'library'])
})

const remove = (query: string): RawRequest => ({
  method: 'DELETE',
  path: `/v1/modules/library?waitMs=${query}`,
})
requests.admin({
  'an unknown module': {
    method: 'DELETE',
    path: '/v1/modules/other',
    problem: unknownModule,
  },
  'an unknown purge': { path: '/v1/purges/other', problem: unknownModule },
  'no number': { ...remove('soon'), problem: bad },
  'an empty number': { ...remove(''), problem: bad },
  'a negative number': { ...remove('-1'), problem: bad },
  'a fraction': { ...remove('1.5'), problem: bad },
  'too long': { ...remove('60001'), problem: bad },
  'far too long': { ...remove('9'.repeat(400)), problem: bad },
  'no digest of another': { method: 'DELETE', path: '/v1/modules/other?digest=', problem: bad },
  'a digest in capitals, of another': {
    method: 'DELETE',
    path: `/v1/modules/other?digest=${digest.toUpperCase()}`,
    problem: bad,
  },
  'two digests of another': {
    method: 'DELETE',
    path: `/v1/modules/other?digest=${digest}&digest=${digest}`,
    problem: bad,
  },
  'no name of another': {
    method: 'DELETE',
    path: `/v1/modules/other?digest=${digest}&name=..`,
    problem: bad,
  },
  'other bytes than those that are meant': {
    method: 'DELETE',
    path: `/v1/modules/library?digest=${digest}`,
    problem: '409 WARMSLOT_MODULE_CONFLICT',
  },
})
