/** Calling what cannot be called, or with what it cannot get. */
import { bad, type BadRequest, BadRequests, unknownModule } from '../support/bad-requests.ts'

const requests = new BadRequests()
const post = { method: 'POST' } as const

const call = (exported: string, body: string | Uint8Array, problem = bad): BadRequest => {
  return { ...post, path: `/v1/modules/library/call/${exported}`, body, problem }
}
const add = (body: unknown): BadRequest => call('add', JSON.stringify(body))
const unknown = '404 WARMSLOT_UNKNOWN_EXPORT'
requests.data({
  'an unknown module': {
    ...post,
    path: '/v1/modules/other/call/add',
    problem: unknownModule,
  },
  'a command': { ...post, path: '/v1/modules/command/call/_start', problem: bad },
  'an unknown export': call('missing', '', unknown),
  'an empty export': call('', '', unknown),
  'an export from the prototype': call('constructor', '', unknown),
  'another one from the prototype': call('__proto__', '', unknown),
  'a third one from the prototype': call('toString', '', unknown),
  'an export with a slash': call('add%2f..', '', unknown),
  'an export with NUL': call('add%00', '', unknown),
  'a very long export': call('a'.repeat(10_000), '', unknown),
  'a memory': call('memory', '', unknown),
  'no JSON': call('add', '{"arguments":'),
  'no UTF-8': call('add', Uint8Array.of(0x22, 0xff, 0x22)),
  'deep JSON': call('add', '['.repeat(100_000)),
  'JSON that is no object': call('add', '[1,2]'),
  'JSON that is null': call('add', 'null'),
  'a member that is not known': add({ arguments: [1, 2], args: [] }),
  'arguments that are no array': add({ arguments: { length: 2 } }),
  'a form that is not known': add({ result: 'text' }),
  'a form that is no string': add({ result: ['value'] }),
  'null as an argument': add({ arguments: [1, null] }),
  'a boolean as an argument': add({ arguments: [1, true] }),
  'an array as an argument': add({ arguments: [1, [2]] }),
  'an unknown object as an argument': add({ arguments: [1, { f64: '2' }] }),
  'an i64 for an f64': add({ arguments: [1, { i64: '2' }] }),
  'a number for an i64': call('negate', '{"arguments":[1]}'),
  'an i64 that is a number': call('negate', '{"arguments":[{"i64":1}]}'),
  'an i64 that is no number': call('negate', '{"arguments":[{"i64":"0x10"}]}'),
  'an i64 of more bits': call('negate', `{"arguments":[{"i64":"${2n ** 64n}"}]}`),
  'an i64 of fewer': call('negate', `{"arguments":[{"i64":"${-(2n ** 63n) - 1n}"}]}`),
  'no base64': call('upper', '{"arguments":[{"bytes":"a b"}]}'),
  'base64 with a character too many': call('upper', '{"arguments":[{"bytes":"YQ==Y"}]}'),
  'a string that the guest cannot hold': call('upper', JSON.stringify({ arguments: ['x'.repeat(200_000)] })),
  'a number that is read as a string': call('add', '{"arguments":[1,2],"result":"string"}'),
  'a string for a number': call('negate', '{"arguments":["1"]}'),
})
