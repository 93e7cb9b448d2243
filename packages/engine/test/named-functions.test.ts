/** Handles are made in one way at first and in another one later: both are the same to the caller. */
import { expect, it } from 'vitest'

import { Engine } from '../src/index.ts'
import { runChild } from './support/child.ts'
import type { Exports } from './support/native.ts'
import { wat } from './support/wat.ts'

const counts = [0, 1, 2, 3, 4, 5, 8, 9, 12]
const bytes = wat(`(module (memory 1) (func)
  ${counts.map((count) => `(func (export "f${count}") (param ${'i32 '.repeat(count)}) (result i32) ${count === 0 ? '(i32.const -1)' : `(local.get ${count - 1})`})`).join('\n')})`)

const shown = (exports: Exports): unknown =>
  counts.map((count) => {
    const call = exports[`f${count}`]!
    const values = Array.from({ length: 14 }, (_, index) => index * 3)
    return [call.name, call.length, call(), call(...values.slice(0, count)), call(...values)]
  })

it('have the names, lengths and arguments of V8’s functions, from the first use to the twentieth', async () => {
  await using engine = new Engine({ slots: 1, maxMemoryBytes: 2 ** 16 })
  const module = await engine.compile(bytes)
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes))
  const expected = shown(exports as unknown as Exports)
  for (let use = 0; use < 20; use++) {
    using instance = engine.instantiate(module)
    expect(shown(instance.exports as Exports)).toEqual(expected)
  }
})

it('where code generation from strings is switched off', () => {
  const child = runChild(
    `const engine = new warmslot.Engine({ slots: 1, maxMemoryBytes: 65536 })
    const module = await engine.compile(Buffer.from('${Buffer.from(bytes).toString('base64')}', 'base64'))
    for (let use = 0; use < 20; use++) {
      const instance = engine.instantiate(module)
      if (instance.exports.f2(1, 2) !== 2 || instance.exports.f2.name !== '3') throw new Error('wrong')
      instance.release()
    }
    try { eval('1') } catch (error) { console.log(error.name) }`,
    { node: ['--disallow-code-generation-from-strings'] },
  )
  expect([child.signal, child.status, child.stderr, child.stdout.trim()]).toEqual([null, 0, '', 'EvalError'])
})
