/** Running what cannot be run, or with what it cannot get. */
import { bad, BadRequests, tooLarge, unknownModule } from '../support/bad-requests.ts'
import type { RawRequest } from '../support/raw-request.ts'

const requests = new BadRequests()
const post = { method: 'POST' } as const

const run = '/v1/modules/command/run'
const header = (name: string, value: string): RawRequest => ({
  ...post,
  path: run,
  headers: { [name]: value },
})
requests.data({
  'an unknown module': { ...post, path: '/v1/modules/other/run', problem: unknownModule },
  'a purged module': { ...post, path: '/v1/modules/purged/run', problem: unknownModule },
  'a library': { ...post, path: '/v1/modules/library/run', problem: bad },
  'a variable without "="': { ...post, path: `${run}?env=A`, problem: bad },
  'a variable without a name': { ...post, path: `${run}?env==A`, problem: bad },
  'NUL in an argument': { ...post, path: `${run}?arg=a%00b`, problem: bad },
  'NUL in a variable': { ...post, path: `${run}?env=A=%00`, problem: bad },
  'arguments that are no JSON': { ...header('warmslot-arguments', 'a b'), problem: bad },
  'arguments that are no array': { ...header('warmslot-arguments', '{"length":1}'), problem: bad },
  'arguments that are no strings': { ...header('warmslot-arguments', '[1]'), problem: bad },
  'an environment that is no JSON': { ...header('warmslot-environment', 'A=B'), problem: bad },
  'an environment that is an array': { ...header('warmslot-environment', '["A=B"]'), problem: bad },
  'an environment that is null': { ...header('warmslot-environment', 'null'), problem: bad },
  'an environment of numbers': { ...header('warmslot-environment', '{"A":1}'), problem: bad },
  'a variable with "=" in its name': { ...header('warmslot-environment', '{"A=B":"C"}'), problem: bad },
  'a large body, announced': { ...post, path: run, body: 'x'.repeat(101), problem: tooLarge },
  'a large body, in pieces': {
    ...post,
    path: run,
    body: Array.from({ length: 50 }, () => new Uint8Array(100_000)),
    problem: tooLarge,
  },
})
