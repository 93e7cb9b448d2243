/** What V8's flags and the process's limits do to 64-bit memories, in child processes: never a signal. */
import { describe, expect, it } from 'vitest'

import { type ChildOptions, runChild } from './support/child.ts'
import { memory64Pooled } from './support/memory64.ts'
import { wat } from './support/wat.ts'

const pageBytes = 65_536
const bytesOf = (bytes: Uint8Array): string => `new Uint8Array(${JSON.stringify([...bytes])})`

const narrow = wat(
  '(module (memory 1) (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0))))',
)
const wide = wat(
  '(module (memory i64 1) (func (export "load") (param i64) (result i32) (i32.load8_u (local.get 0))))',
)

/** Compiles both, uses the first, and says what becomes of the second. */
const script = (options: string): string => `
  const engine = new warmslot.Engine(${options})
  const module = await engine.compile(${bytesOf(narrow)})
  const use = (module, address) => {
    const instance = engine.instantiate(module)
    try { return instance.exports.load(address) } catch (error) { return error.message } finally { instance.release() }
  }
  console.log(use(module, 65535), use(module, 65536))
  try {
    const wide = await engine.compile(${bytesOf(wide)})
    console.log(use(wide, 65535n), use(wide, 65536n), use(wide, 2n ** 63n))
  } catch (error) {
    console.log(error.code, error.message)
  }
  await engine.close()`

describe.runIf(memory64Pooled)(
  'a process where 64-bit memories cannot be pooled still pools the others',
  () => {
    const processes: [string, string, ChildOptions, RegExp][] = [
      [
        'explicit checks for 64-bit memories only',
        '{ slots: 2 }',
        { node: ['--no-wasm-memory64-trap-handling'] },
        /WARMSLOT_UNSUPPORTED_MODULE .*memory 0 is a memory64.*without --no-wasm-memory64-trap-handling/,
      ],
      [
        'too little address space for both kinds',
        '{ slots: 100 }',
        { shell: `ulimit -v ${2.5 * 2 ** 30}` },
        /WARMSLOT_RESOURCE_LIMIT 100 slots need 100 x 24 GiB .* `slots` to 64 or less.*ulimit -v/,
      ],
    ]
    it.each(processes)('%s', (_how, options, child, message) => {
      const { stdout, stderr, signal, status } = runChild(script(options), child)
      expect({ stderr, signal, status }).toEqual({ stderr: '', signal: null, status: 0 })
      const [first, second] = stdout.trim().split('\n')
      expect(first).toBe('0 memory access out of bounds')
      expect(second).toMatch(message)
    })

    it('and one where both can', () => {
      expect(runChild(script('{ slots: 100 }'))).toMatchObject({
        stdout: '0 memory access out of bounds\n0 memory access out of bounds memory access out of bounds\n',
        stderr: '',
        status: 0,
      })
    })
  },
)

const offsets = [
  0n,
  1n,
  65_528n,
  65_536n,
  2n ** 31n,
  2n ** 32n - 8n,
  2n ** 32n,
  2n ** 33n,
  2n ** 34n - 8n,
  2n ** 34n,
]
offsets.push(2n ** 47n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 65_536n, 2n ** 64n - 8n, 2n ** 64n - 1n)

interface Access {
  readonly name: string
  readonly bytes: number
  readonly body: (offset: bigint) => string
}

const accesses: Access[] = [
  { name: 'load', bytes: 1, body: (offset) => `(drop (i32.load8_u offset=${offset} (local.get 0)))` },
  { name: 'load8', bytes: 8, body: (offset) => `(drop (i64.load offset=${offset} (local.get 0)))` },
  { name: 'load16', bytes: 16, body: (offset) => `(drop (v128.load offset=${offset} (local.get 0)))` },
  { name: 'store', bytes: 1, body: (offset) => `(i32.store8 offset=${offset} (local.get 0) (i32.const 7))` },
  { name: 'store8', bytes: 8, body: (offset) => `(i64.store offset=${offset} (local.get 0) (i64.const 7))` },
  {
    name: 'store16',
    bytes: 16,
    body: (offset) => `(v128.store offset=${offset} (local.get 0) (v128.const i64x2 1 2))`,
  },
]

const touching = wat(`(module (memory i64 1)
  ${accesses.flatMap(({ name, body }) => offsets.map((offset) => `(func (export "${name} ${offset}") (param i64) ${body(offset)})`)).join('\n')}
  (func (export "fill") (param i64 i64) (memory.fill (local.get 0) (i32.const 1) (local.get 1)))
  (func (export "copy") (param i64 i64) (memory.copy (local.get 0) (i64.const 0) (local.get 1)))
  (func (export "read") (param i64 i64) (memory.copy (i64.const 0) (local.get 0) (local.get 1)))
  (func (export "notify") (param i64) (drop (memory.atomic.notify (local.get 0) (i32.const 1))))
  (func (export "add") (param i64) (drop (i64.atomic.rmw.add offset=8 (local.get 0) (i64.const 1)))))`)

/** Every access at every border, and whether it traps exactly where it must. */
const touch = (capacity: bigint, rounds: number): string => `
  const engine = new warmslot.Engine({ slots: 1, maxMemoryBytes: ${capacity} })
  const module = await engine.compile(${bytesOf(touching)})
  const instance = engine.instantiate(module)
  const size = ${pageBytes}n
  const borders = [size, size + 4096n, ${capacity}n, ...[31n, 32n, 33n, 34n, 35n, 46n, 47n, 48n, 63n, 64n].map((log) => 2n ** log)]
  const addresses = [0n, ...borders.flatMap((border) =>
    [-65537n, -65536n, -17n, -16n, -9n, -8n, -1n, 0n, 1n, 65536n].map((distance) => BigInt.asUintN(64, border + distance)))]
  const wrong = new Set()
  let calls = 0
  const check = (name, fits, ...values) => {
    let outcome = 'fits'
    try { instance.exports[name](...values) } catch (error) {
      outcome = error instanceof WebAssembly.RuntimeError ? error.message : String(error)
    }
    calls++
    if (outcome !== (fits ? 'fits' : 'memory access out of bounds')) wrong.add(name + ' ' + values + ': ' + outcome)
  }
  for (let round = 0; round < ${rounds}; round++) {
    for (const address of addresses) {
      for (const [name, bytes] of ${JSON.stringify(accesses.map(({ name, bytes }) => [name, bytes]))})
        for (const offset of [${offsets.map((offset) => `${offset}n`).join()}])
          check(name + ' ' + offset, address + offset + BigInt(bytes) <= size, address)
      for (const length of [0n, 1n, 8n, size, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n]) {
        const fits = address + length <= size
        for (const name of ['fill', 'copy', 'read']) check(name, fits, address, length)
      }
      if (address % 8n === 0n) {
        check('notify', address + 4n <= size, address)
        check('add', address + 16n <= size, address)
      }
    }
  }
  console.log(calls > 10_000, [...wrong].slice(0, 10).join('; '))
  instance.release()
  await engine.close()`

describe.runIf(memory64Pooled)('an access beyond the size traps wherever it would go', () => {
  const capacities = [BigInt(pageBytes), 2n ** 27n, 2n ** 32n]
  it.each([
    ...capacities.map((capacity) => ['baseline', ['--liftoff-only'], capacity, 1] as const),
    ...capacities.map((capacity) => ['optimised', ['--no-liftoff'], capacity, 1] as const),
    ['tiering', ['--wasm-tiering-budget=1000'], 2n ** 27n, 10] as const,
  ])('%s code (%j), capacity %i', (_tier, node, capacity, rounds) => {
    const { stdout, stderr, signal } = runChild(touch(capacity, rounds), { node })
    expect({ stdout, stderr, signal }).toEqual({ stdout: 'true \n', stderr: '', signal: null })
  })
})
