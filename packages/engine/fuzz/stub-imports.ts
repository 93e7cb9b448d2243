/** Imports for any module: functions that note their arguments and return something of the right type, globals, tables, tags. */
import type { ImportEntry, ModuleStructure } from '../src/binary/module-structure.ts'
import type { FunctionType, ValueType } from '../src/binary/types.ts'
import { heapType, valueTypeCode } from '../src/binary/types.ts'
import { shown } from './shown.ts'

export class StubImports {
  readonly #structure: ModuleStructure
  readonly #seed: number
  /** What the imported functions were called with. */
  readonly log: unknown[] = []
  /** Without memories: the pool has its own. */
  readonly pooled: WebAssembly.Imports

  constructor(structure: ModuleStructure, seed: number) {
    this.#structure = structure
    this.#seed = seed
    const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {}
    for (const entry of structure.imports) {
      const module = (imports[entry.module] ??= {})
      if (entry.kind !== 'memory') module[entry.name] ??= this.#value(entry)
    }
    this.pooled = imports
  }

  /** The same objects, and fresh memories. */
  native(): WebAssembly.Imports {
    const imports: WebAssembly.Imports = Object.fromEntries(
      Object.entries(this.pooled).map(([name, module]) => [name, { ...module }]),
    )
    for (const { module, name, kind, index } of this.#structure.imports) {
      if (kind !== 'memory') continue
      const { minimum, maximum } = this.#structure.memories[index]!.limits
      imports[module]![name] ??= new WebAssembly.Memory({
        initial: minimum,
        ...(maximum !== undefined && { maximum }),
      })
    }
    return imports
  }

  #value({ kind, index, name }: ImportEntry): WebAssembly.ImportValue {
    const { types, functionTypes, globals, tables, tagTypes } = this.#structure
    try {
      if (kind === 'function') return this.#function(name, types[functionTypes[index]!] as FunctionType)
      if (kind === 'global') return global(globals[index]!, this.#seed)
      if (kind === 'table') {
        const { type, limits } = tables[index]!
        const element = type.code === heapType.extern ? 'externref' : 'anyfunc'
        const { minimum, maximum } = limits
        return new WebAssembly.Table({ element, initial: minimum, ...(maximum !== undefined && { maximum }) })
      }
      const { parameters } = types[tagTypes[index]!] as FunctionType
      // @ts-expect-error TypeScript's library does not know tags yet
      return new WebAssembly.Tag({ parameters: parameters.map(nameOf) }) as WebAssembly.ImportValue
    } catch {
      // What JavaScript cannot make fails to link, on both.
      return 0
    }
  }

  #function(name: string, { results }: FunctionType): WebAssembly.ImportValue {
    const { log } = this
    const values = results.map((type, index) => valueOf(type, this.#seed + index))
    return (...given: unknown[]) => {
      if (log.length < 1_000) log.push([name, given.map(shown)])
      return values.length > 1 ? values : values[0]
    }
  }
}

function global(
  { type, mutable }: { readonly type: ValueType; readonly mutable: boolean },
  seed: number,
): WebAssembly.ImportValue {
  const value = nameOf(type)
  if (value === 'v128' || type.heap !== undefined) return null as unknown as WebAssembly.ImportValue
  return new WebAssembly.Global({ value: value as 'i32', mutable }, valueOf(type, seed) as number)
}

function nameOf({ code }: ValueType): string {
  const number = Object.entries(valueTypeCode).find(([, one]) => one === code)?.[0]
  return number ?? (code === heapType.func ? 'anyfunc' : 'externref')
}

/** A value that JavaScript may pass for the type. */
export function valueOf({ code }: ValueType, seed: number): unknown {
  switch (code) {
    case valueTypeCode.i32:
      return (seed * 7) % 70_000
    case valueTypeCode.i64:
      return BigInt(seed)
    case valueTypeCode.f32:
    case valueTypeCode.f64:
      return (seed % 1_000) / 4
    default:
      return null
  }
}
