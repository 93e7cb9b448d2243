/**
 * What V8 has behind a flag and the engine does not know is refused by the name of its proposal, on a V8 that accepts it:
 * opcodes, types, sections, imports.
 */
import { expect, it } from 'vitest'

import { Engine } from '../src/index.ts'

import { knownFlags, runChild } from './support/child.ts'
import { rawModule } from './support/raw-module.ts'

type Bytes = Uint8Array<ArrayBuffer>

const nothing = { type: 0, code: [] }

/** A module whose only function, `() -> ()`, has this code, and these types behind its own. */
function code(instructions: readonly number[], types: readonly (readonly number[])[] = []): Bytes {
  return rawModule({ types: [[0x60, 0, 0], ...types], functions: [{ type: 0, code: instructions }] })
}

function withTypes(...types: readonly (readonly number[])[]): Bytes {
  return rawModule({ types: [[0x60, 0, 0], ...types], functions: [nothing] })
}

const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]

const sharedStruct = [0x65, 0x5f, 1, 0x7f, 1]
const descriptors = [0x4e, 2, 0x4d, 2, 0x5f, 0, 0x4c, 1, 0x5f, 0]

const proposals: readonly (readonly [flag: string, what: string, name: string, bytes: Bytes])[] = [
  [
    '--experimental-wasm-fp16',
    'an opcode',
    'opcode 0xfd 0x120 of the half precision proposal',
    code([0x43, 0, 0, 0, 0, 0xfd, 0xa0, 2, 0x1a]),
  ],
  [
    '--experimental-wasm-fp16',
    'a load',
    'opcode 0xfc 0x30 of the half precision proposal',
    code([0x41, 0, 0xfc, 0x30, 1, 0, 0x1a]),
  ],
  [
    '--experimental-wasm-memory-control',
    'an opcode',
    'opcode 0xfc 0x12 of the memory control proposal',
    code([0x41, 0, 0x41, 0, 0xfc, 0x12, 0]),
  ],
  [
    '--experimental-wasm-stringref',
    'a type',
    'type 0x67 of the reference-typed strings proposal',
    withTypes([0x60, 1, 0x67, 0]),
  ],
  [
    '--experimental-wasm-stringref',
    'a heap type',
    'type 0x67 of the reference-typed strings proposal',
    code([0xd0, 0x67, 0x1a]),
  ],
  [
    '--experimental-wasm-stringref',
    'an opcode',
    'opcode 0xfb 0xa9 of the reference-typed strings proposal',
    code([0x41, 65, 0xfb, 0xa9, 1, 0x1a]),
  ],
  [
    '--experimental-wasm-stringref',
    'a section',
    'section 14 of the reference-typed strings proposal',
    new Uint8Array([...header, 14, 4, 0, 1, 1, 0x61]),
  ],
  ['--experimental-wasm-wasmfx', 'a type', 'type 0x5d of the stack switching proposal', withTypes([0x5d, 0])],
  [
    '--experimental-wasm-wasmfx',
    'an abstract type',
    'type 0x68 of the stack switching proposal',
    code([0xd0, 0x68, 0x1a]),
  ],
  [
    '--experimental-wasm-shared',
    'a type',
    'type 0x65 of the shared-everything threads proposal',
    withTypes(sharedStruct),
  ],
  [
    '--experimental-wasm-shared',
    'a heap type',
    'type 0x65 of the shared-everything threads proposal',
    code([0xd0, 0x65, 0x6e, 0x1a]),
  ],
  [
    '--experimental-wasm-shared',
    'a type of a block',
    'type 0x65 of the shared-everything threads proposal',
    code([0x02, 0x63, 0x65, 0x6e, 0xd0, 0x65, 0x6e, 0x0b, 0x1a]),
  ],
  [
    '--experimental-wasm-shared',
    'a global',
    'a shared global of the shared-everything threads proposal',
    rawModule({
      types: [[0x60, 0, 0]],
      globals: [[0x7f, 0x03, 0x41, 0, 0x0b]],
      functions: [nothing],
    }),
  ],
  [
    '--experimental-wasm-shared',
    'an opcode',
    'opcode 0xfe 0x04 of the shared-everything threads proposal',
    code([0xfe, 0x04]),
  ],
  [
    '--experimental-wasm-acquire-release',
    'a memory order',
    'a memory order of the acquire-release (shared-everything threads) proposal',
    code([0x41, 0, 0xfe, 0x10, 0x22, 0x01, 0, 0x1a]),
  ],
  [
    '--experimental-wasm-custom-descriptors',
    'a type',
    'type 0x4d of the custom descriptors proposal',
    withTypes(descriptors),
  ],
  [
    '--experimental-wasm-custom-descriptors',
    'an exact heap type',
    'type 0x62 of the custom descriptors proposal',
    withTypes([0x5f, 0], [0x60, 1, 0x64, 0x62, 1, 0]),
  ],
  [
    '--experimental-wasm-custom-descriptors',
    'an import',
    'an import or export of kind 32 of the custom descriptors proposal',
    new Uint8Array([...header, 1, 4, 1, 0x60, 0, 0, 2, 7, 1, 1, 0x61, 1, 0x61, 0x20, 0]),
  ],
  [
    '--experimental-wasm-ref-cast-nop',
    'an opcode',
    "opcode 0xfb 0x4c of V8's own unchecked casts",
    code([0xd0, 0x6c, 0xfb, 0x4c, 0x6c, 0x1a]),
  ],
]

/** A V8 without the flag does not start. */
const known = knownFlags()

it.each(proposals.filter(([flag]) => known.includes(flag)))('with %s: %s', (flag, _what, name, bytes) => {
  const child = runChild(
    `const bytes = new Uint8Array(${JSON.stringify([...bytes])})
    if (!WebAssembly.validate(bytes)) console.log('not known to this V8')
    else await new warmslot.Engine({ slots: 1 }).compile(bytes).catch((error) => console.log(error.code, error.message))`,
    { node: [flag] },
  )
  expect(child).toMatchObject({ signal: null, status: 0 })
  if (process.env['WARMSLOT_SHOW'] !== undefined) console.log(flag, child.stdout)
  // Proposals change, and with them what one V8 makes of a binary.
  if (child.stdout.startsWith('not known')) return
  expect(child.stdout).toContain('WARMSLOT_UNSUPPORTED_MODULE')
  expect(child.stdout).toContain(name)
})

it.each([{ builtins: ['js-string'] }, { importedStringConstants: 'strings' }])(
  'compile option %j',
  async (options) => {
    await using engine = new Engine({ slots: 1 })
    await expect(engine.compile(code([]), options as object)).rejects.toMatchObject({
      code: 'WARMSLOT_UNSUPPORTED_MODULE',
      feature: expect.stringContaining('JS string builtins proposal') as string,
    })
  },
)
