/** Requests of any kind, near those that are described, for properties. */
import * as fc from 'fast-check'
import { paths } from './conformance.ts'
import type { RawRequest } from './raw-request.ts'

const words = [
  'v1',
  'modules',
  'purges',
  'c',
  'l',
  'run',
  'call',
  'add',
  'upper',
  'host',
  'slots',
  'events',
  'metrics',
  '',
  '.',
  '..',
]
const escapes = fc.constantFrom(
  '%00',
  '%2f',
  '%2e',
  '%ff',
  '%',
  '%C3%A9',
  '%0d%0a',
  ';',
  ':',
  '@',
  '//',
  '\\',
)
const segment = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...words) },
  fc.string().map(encodeURIComponent),
  fc
    .array(fc.oneof(escapes, fc.stringMatching(/^[a-z0-9]$/)), { maxLength: 6 })
    .map((parts) => parts.join('')),
)
const template = fc
  .tuple(fc.constantFrom(...Object.keys(paths)), segment, segment)
  .map(([path, first, second]) => path.replace(/\{\w+\}/, () => first).replace(/\{\w+\}/, () => second))
const anyPath = fc.oneof(
  template,
  fc.array(segment, { maxLength: 6 }).map((segments) => `/${segments.join('/')}`),
)
// Without what makes the test's command busy for long.
const value = fc
  .oneof(fc.string(), fc.integer().map(String), fc.constantFrom('A=B', '0', 'once'))
  .map((text) => text.replaceAll(/[hms]/g, ''))
const queryName = fc.constantFrom(
  'arg',
  'env',
  'name',
  'digest',
  'waitMs',
  'owner',
  'warmSlots',
  'queue',
  'memoryBytes',
  'timeLimitMs',
  'x',
  '__proto__',
)
const query = fc
  .array(fc.tuple(queryName, value), { maxLength: 3 })
  .map((entries) => (entries.length === 0 ? '' : `?${new URLSearchParams(entries)}`))
const headerName = fc.oneof(
  fc.constantFrom(
    'warmslot-arguments',
    'warmslot-environment',
    'authorization',
    'warmslot-instance',
    'content-type',
    'accept',
    'expect',
    'range',
  ),
  fc.stringMatching(/^x-[a-z]{1,8}$/),
)
const headerValue = fc.oneof(
  fc.stringMatching(/^[\x20-\x7e]{0,40}$/),
  fc.json().map((text) => encodeURI(text)),
  fc.constant('100-continue'),
)
const callBody = fc.record(
  {
    arguments: fc.oneof(
      fc.array(
        fc.oneof(
          fc.jsonValue(),
          fc.record({ i64: fc.bigInt().map(String) }),
          fc.record({ bytes: fc.base64String() }),
        ),
      ),
      fc.jsonValue(),
    ),
    result: fc.oneof(fc.constantFrom('value', 'string', 'bytes'), fc.jsonValue()),
  },
  { requiredKeys: [] },
)
const body = fc.oneof(
  fc.constant(''),
  fc.uint8Array({ maxLength: 300 }),
  fc.array(fc.uint8Array({ minLength: 1, maxLength: 5_000 }), { minLength: 1, maxLength: 4 }),
  callBody.map((call) => JSON.stringify(call)),
  fc.json(),
)
const method = fc.constantFrom(
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'PURGE',
)
export const anyRequest: fc.Arbitrary<RawRequest> = fc.record({
  method,
  path: fc.tuple(anyPath, query).map(([path, text]) => path + text),
  headers: fc.dictionary(headerName, headerValue, { maxKeys: 3 }),
  body,
})
