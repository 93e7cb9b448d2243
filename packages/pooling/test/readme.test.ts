/** The example of the README runs, on the built package, and prints what it says. */

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const folder = fileURLToPath(new URL('..', import.meta.url))

test('the example of the README', async () => {
  const readme = readFileSync(`${folder}/README.md`, 'utf8')
  const example = /```js\n(?<code>.*?)```/s.exec(readme)?.groups?.['code'] ?? ''
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', example], {
    cwd: folder,
  })
  const promised = example
    .split('\n')
    .filter((line) => line.includes('console.log') || line.startsWith('// {'))
    .flatMap((line) => /\/\/ (?<output>[[{].*?[\]}])(?:: .*)?$/.exec(line)?.groups?.['output'] ?? [])
  expect(promised).toHaveLength(5)
  expect(stdout.replaceAll(/\s+/g, ' ').trim()).toBe(promised.join(' '))
})
