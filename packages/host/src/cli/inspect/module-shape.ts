/**
 * What a module says of itself that no API tells: its memories' limits, and its functions' signatures.
 * Source: WebAssembly core specification 3.0, section 5.5.
 */
import { BinaryReader } from './binary-reader.ts'
import { readTypes, type Signature } from './type-section.ts'

export interface MemoryShape {
  readonly imported: boolean
  /** 32 or 64. */
  readonly addressBits: number
  readonly shared: boolean
  readonly pageBytes: number
  readonly initialPages: number
  /** Undefined: it says none. */
  readonly maximumPages: number | undefined
}

export interface ShapeEntry {
  readonly module?: string
  readonly name: string
  readonly kind: string
  /** Of functions, where it is known. */
  readonly signature?: string
}

export interface ModuleShape {
  readonly imports: readonly ShapeEntry[]
  readonly exports: readonly ShapeEntry[]
  readonly memories: readonly MemoryShape[]
  /** Whether code runs when it is instantiated. */
  readonly hasStart: boolean
}

const section = { type: 1, import: 2, function: 3, memory: 5, export: 7, start: 8 } as const
const kinds = ['function', 'table', 'memory', 'global', 'tag'] as const

/** Undefined for what is malformed, or newer than this reader: V8 has the last word about modules. */
export function readModuleShape(bytes: Uint8Array): ModuleShape | undefined {
  try {
    return new ShapeReader(bytes).read()
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return undefined
    throw error
  }
}

class ShapeReader {
  readonly #bytes: Uint8Array
  readonly #imports: ShapeEntry[] = []
  readonly #exports: ShapeEntry[] = []
  readonly #memories: MemoryShape[] = []
  /** Of all functions, imported ones first. */
  readonly #signatures: Signature[] = []
  #types: Signature[] = []
  #hasStart = false

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  read(): ModuleShape {
    // Behind the magic number and the version.
    const reader = new BinaryReader(this.#bytes, 8)
    while (!reader.atEnd) {
      const id = reader.byte()
      const length = reader.unsigned()
      this.#section(id, new BinaryReader(this.#bytes, reader.at, reader.at + length))
      reader.take(length)
    }
    return {
      imports: this.#imports,
      exports: this.#exports,
      memories: this.#memories,
      hasStart: this.#hasStart,
    }
  }

  #section(id: number, reader: BinaryReader): void {
    if (id === section.type) this.#types = readTypes(reader)
    if (id === section.import) this.#imports.push(...reader.vector(() => this.#import(reader)))
    if (id === section.function) reader.vector(() => this.#signatures.push(this.#types[reader.unsigned()]))
    if (id === section.memory) reader.vector(() => this.#memories.push(memory(reader, false)))
    if (id === section.export) this.#exports.push(...reader.vector(() => this.#export(reader)))
    if (id === section.start) this.#hasStart = true
  }

  #import(reader: BinaryReader): ShapeEntry {
    const entry = { module: reader.name(), name: reader.name(), kind: kindOf(reader.byte()) }
    if (entry.kind === 'function') {
      const signature = this.#types[reader.unsigned()]
      this.#signatures.push(signature)
      return { ...entry, ...(signature !== undefined && { signature }) }
    }
    if (entry.kind === 'memory') this.#memories.push(memory(reader, true))
    if (entry.kind === 'table') {
      reader.type()
      limits(reader)
    }
    if (entry.kind === 'global') {
      reader.type()
      reader.byte()
    }
    if (entry.kind === 'tag') {
      reader.byte()
      reader.unsigned()
    }
    return entry
  }

  #export(reader: BinaryReader): ShapeEntry {
    const entry = { name: reader.name(), kind: kindOf(reader.byte()) }
    const index = reader.unsigned()
    const signature = entry.kind === 'function' ? this.#signatures[index] : undefined
    return { ...entry, ...(signature !== undefined && { signature }) }
  }
}

function kindOf(code: number): string {
  const kind = kinds[code]
  if (kind === undefined) throw new RangeError(`kind ${code} is not known here`)
  return kind
}

function limits(reader: BinaryReader): Omit<MemoryShape, 'imported'> {
  const flags = reader.byte()
  const initialPages = reader.unsigned()
  const maximumPages = (flags & 1) === 0 ? undefined : reader.unsigned()
  // Custom page sizes: a power of two.
  const pageBytes = (flags & 8) === 0 ? 65_536 : 2 ** reader.unsigned()
  return {
    addressBits: (flags & 4) === 0 ? 32 : 64,
    shared: (flags & 2) !== 0,
    pageBytes,
    initialPages,
    maximumPages,
  }
}

function memory(reader: BinaryReader, imported: boolean): MemoryShape {
  return { imported, ...limits(reader) }
}
