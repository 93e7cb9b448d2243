/** Instantiates, looks at the exports, calls each function with arguments that a seed decides, and looks again. */
import { createHash } from 'node:crypto'

import type { ModuleStructure } from '../src/binary/module-structure.ts'
import type { FunctionType, ValueType } from '../src/binary/types.ts'
import { valueTypeCode } from '../src/binary/types.ts'
import { Random } from './random.ts'
import { attempt, shown, thrown } from './shown.ts'

const mostCalls = 24

export function callExports(
  instantiate: () => WebAssembly.Exports,
  structure: ModuleStructure,
  log: readonly unknown[],
  seed: number,
): unknown {
  const random = new Random(seed)
  let exports: WebAssembly.Exports
  try {
    exports = instantiate()
  } catch (error) {
    return { ...(thrown(error) as object), log }
  }
  const before = look(exports)
  const functions = structure.exports.filter(({ kind }) => kind === 'function')
  const calls: unknown[] = []
  for (let call = 0; call < Math.min(mostCalls, functions.length * 2); call++) {
    const { name, index } = functions[call % functions.length]!
    const type = structure.types[structure.functionTypes[index]!] as FunctionType
    const given = type.parameters.map((one) => argument(one, random))
    const run = exports[name] as (...values: unknown[]) => unknown
    calls.push(attempt(() => run(...given)))
  }
  return { before, calls, after: look(exports), log }
}

function argument({ code }: ValueType, random: Random): unknown {
  switch (code) {
    case valueTypeCode.i32:
      return random.oneIn(2) ? random.below(70_000) : random.integer()
    case valueTypeCode.i64:
      return random.oneIn(2) ? BigInt(random.below(70_000)) : random.bigint()
    case valueTypeCode.f32:
    case valueTypeCode.f64:
      return random.oneIn(9) ? random.pick([NaN, Infinity, -0]) : random.below(1_000) / 8
    default:
      return random.oneIn(3) ? {} : null
  }
}

/** Names, kinds and order of the exports, and what can be seen of each. */
function look(exports: WebAssembly.Exports): unknown {
  return Object.entries(exports).map(([name, value]) => [name, attempt(() => describe(value))])
}

function describe(value: WebAssembly.ExportValue): unknown {
  if (typeof value === 'function') return `function ${value.name}/${value.length}`
  if (value instanceof WebAssembly.Memory) {
    const bytes = new Uint8Array(value.buffer)
    return `memory ${bytes.length} ${createHash('sha1').update(bytes).digest('base64')}`
  }
  if (value instanceof WebAssembly.Table) {
    const entries = Array.from({ length: Math.min(value.length, 40) }, (_, index) =>
      JSON.stringify(attempt(() => value.get(index))),
    )
    return `table ${value.length} ${entries.join()}`
  }
  if (value instanceof WebAssembly.Global) return `global ${JSON.stringify(shown(value.value))}`
  return Object.prototype.toString.call(value)
}
