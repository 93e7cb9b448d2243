/** Paths that there are not, and methods that a path does not take. */
import { bad, BadRequests, noSuchPath, otherMethods } from '../support/bad-requests.ts'
import { expect, test } from 'vitest'
import { rawRequest } from '../support/raw-request.ts'

const requests = new BadRequests()
const post = { method: 'POST' } as const

requests.data({
  root: { path: '/', problem: noSuchPath },
  'two slashes': { path: '//', problem: noSuchPath },
  'what looks like a host': { path: '//example.com/healthz', problem: noSuchPath },
  'dots are not resolved': { path: '/v1/../healthz', problem: noSuchPath },
  'encoded dots are not resolved': { path: '/v1/%2e%2e/healthz', problem: noSuchPath },
  'an absolute target': { path: 'http://example.com/nothing', problem: noSuchPath },
  'a target with a broken host': { path: 'http://[/healthz', problem: bad },
  'no path': { path: '*', method: 'OPTIONS', problem: bad },
  'a slash at the end': { path: '/healthz/', problem: noSuchPath },
  'another case': { path: '/Healthz', problem: noSuchPath },
  'a fragment': { path: '/healthz#top', problem: noSuchPath },
  'the administration': { path: '/v1/modules', problem: noSuchPath },
  'the administration, deleting': { method: 'DELETE', path: '/v1/modules/command', problem: noSuchPath },
  'get of a run': { path: '/v1/modules/command/run', problem: otherMethods },
  'put of a call': {
    method: 'PUT',
    path: '/v1/modules/library/call/add',
    problem: otherMethods,
  },
  'post of health': { ...post, path: '/healthz', problem: otherMethods },
  trace: { method: 'TRACE', path: '/healthz', problem: otherMethods },
})
requests.admin({
  'run there': { ...post, path: '/v1/modules/command/run', problem: noSuchPath },
  'post of a module': { ...post, path: '/v1/modules/command', problem: otherMethods },
  'delete of all': { method: 'DELETE', path: '/v1/modules', problem: otherMethods },
})

test('405 names the methods that there are; HEAD is as GET, without a body', async () => {
  const refused = await rawRequest(requests.host.admin, { method: 'PATCH', path: '/v1/modules/command' })
  expect(refused.headers.allow).toBe('PUT, GET, HEAD, DELETE')
  const head = await rawRequest(requests.host.admin, { method: 'HEAD', path: '/v1/modules/command' })
  const get = await rawRequest(requests.host.admin, { path: '/v1/modules/command' })
  expect(head).toMatchObject({ status: 200, headers: { 'content-length': get.headers['content-length'] } })
  expect(head.body.byteLength).toBe(0)
})

test('an absolute target means its path', async () => {
  expect((await rawRequest(requests.host.data, { path: 'http://example.com/healthz?a=b' })).status).toBe(200)
})
