/** Instructions that V8 has behind a flag and the engine does not know are refused by name, on a V8 that accepts them. */
import { expect, it } from 'vitest'

import { rawModule } from './support/raw-module.ts'
import { runChild } from './support/child.ts'

const proposals: readonly [flag: string, name: string, bytes: Uint8Array<ArrayBuffer>][] = [
  [
    '--experimental-wasm-fp16',
    'opcode 0xfd 0x120 of the half precision proposal',
    rawModule({
      types: [[0x60, 0x01, 0x7d, 0x01, 0x7b]],
      functions: [{ type: 0, code: [0x20, 0x00, 0xfd, 0xa0, 0x02] }],
    }),
  ],
  [
    '--experimental-wasm-memory-control',
    'opcode 0xfc 0x12 of the memory control proposal',
    rawModule({
      types: [[0x60, 0x00, 0x00]],
      functions: [{ type: 0, code: [0x41, 0x00, 0x41, 0x00, 0xfc, 0x12, 0x00] }],
    }),
  ],
]

it.each(proposals)('with %s', (flag, name, bytes) => {
  const child = runChild(
    `const bytes = new Uint8Array(${JSON.stringify([...bytes])})
    if (!WebAssembly.validate(bytes)) console.log('not known to this V8')
    else await new warmslot.Engine({ slots: 1 }).compile(bytes).catch((error) => console.log(error.code, error.message))`,
    { node: [flag] },
  )
  // A V8 without the flag does not start.
  if (child.stderr.includes('bad option')) return
  expect(child).toMatchObject({ signal: null, status: 0 })
  if (child.stdout.startsWith('not known')) return
  expect(child.stdout).toContain('WARMSLOT_UNSUPPORTED_MODULE')
  expect(child.stdout).toContain(name)
})
