/** Names of modules that are none, in every place that takes one. */
import { bad, BadRequests } from '../support/bad-requests.ts'
import { digestOf } from '../../src/modules/digest.ts'
import { command } from '../support/programs.ts'

const requests = new BadRequests()
const post = { method: 'POST' } as const
const put = { method: 'PUT', body: command } as const
const digest = digestOf(command)

const wrongNames: Readonly<Record<string, string>> = {
  empty: '',
  'a dot': '.',
  'two dots': '..',
  'two dots, encoded': '%2e%2e',
  'two dots within': 'a..b',
  'an encoded slash': 'a%2fb',
  'encoded dots and slashes': '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
  'a NUL character': 'a%00',
  'a line break': 'a%0a',
  'no percent-encoding': '%zz',
  'half a percent-encoding': '%e',
  'no UTF-8': '%ff%fe',
  'no ASCII': '%C3%A9',
  'very long': 'a'.repeat(254),
  'much longer': 'a'.repeat(10_000),
}

for (const [what, name] of Object.entries(wrongNames)) {
  requests.data({
    [`run: ${what}`]: { ...post, path: `/v1/modules/${name}/run`, problem: bad },
    [`call: ${what}`]: { ...post, path: `/v1/modules/${name}/call/add`, problem: bad },
  })
  requests.admin({
    [`put: ${what}`]: { ...put, path: `/v1/modules/${name}?digest=${digest}`, problem: bad },
    [`put, as name: ${what}`]: {
      ...put,
      path: `/v1/modules/new?digest=${digest}&name=${name}`,
      problem: bad,
    },
    [`get: ${what}`]: { path: `/v1/modules/${name}`, problem: bad },
    [`delete: ${what}`]: { method: 'DELETE', path: `/v1/modules/${name}`, problem: bad },
    [`purge: ${what}`]: { path: `/v1/purges/${name}`, problem: bad },
  })
}
