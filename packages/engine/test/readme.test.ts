/** The example of the README runs, on the built package, and prints what it says. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

import { runChild } from './support/child.ts'

it('the example of the README', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const example = /```js\n(?<code>.*?)```/s.exec(readme)?.groups?.['code'] ?? ''
  expect(example).toContain('new Engine')
  const { status, stdout, stderr } = runChild(example.replace(/^import .*$/m, 'const { Engine } = warmslot'))
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout.trim().split('\n')).toEqual([
    '105 106 65536',
    '105 106 65536',
    '{ mappings: 0, descriptors: 0 }',
  ])
})
