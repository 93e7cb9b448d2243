/**
 * The types that the engine must understand: value types, function types, limits.
 *
 * Of struct and array types only the fields' types are kept, since a field may hold a function; and their indices count. Source: WebAssembly core specification 3.0, section 5.3.
 */
import type { Reader } from './reader.ts'
import { UnknownFeatureError, unknownType } from './unknown-opcode.ts'

/** Abstract heap types by their byte: what crosses to the host as a function is `func` and `nofunc`. */
export const heapType = { nofunc: 0x73, func: 0x70, extern: 0x6f } as const

export const valueTypeCode = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const

/**
 * A value type: for numbers, vectors and the short forms of references its byte; for the long forms
 * (`ref null ht`, `ref ht`) also the heap type, a type index when it is not negative.
 */
export interface ValueType {
  readonly code: number
  readonly heap?: number
}

/** A function type of single-byte value types: what most helper functions have. */
export interface PlainSignature {
  readonly parameters: readonly number[]
  readonly results: readonly number[]
}

/** A value type; one of a single byte also as that byte. */
export type SignatureType = number | ValueType

/** A helper function's type. */
export interface Signature {
  readonly parameters: readonly SignatureType[]
  readonly results: readonly SignatureType[]
}

export interface FunctionType {
  readonly kind: 'func'
  readonly parameters: readonly ValueType[]
  readonly results: readonly ValueType[]
}

/** One entry of the type index space. */
export type DefinedType = FunctionType | StructType | ArrayType

export interface StructType {
  readonly kind: 'struct'
  /** Without the packed ones. */
  readonly fields: readonly ValueType[]
}

export interface ArrayType {
  readonly kind: 'array'
  /** Its elements' type, unless that is a packed one. */
  readonly fields: readonly ValueType[]
  /** The type that instructions give and get: i32 for packed ones. */
  readonly element: ValueType
  readonly elementBytes: number
}

export interface Limits {
  readonly minimum: number
  /** `undefined`: none declared. */
  readonly maximum: number | undefined
  readonly shared: boolean
  /** memory64 or table64: addresses are i64. */
  readonly is64: boolean
  /** The binary logarithm of a custom page size in bytes, 16 when none is declared. */
  readonly pageSizeLog2: number
}

const longReference = { nullable: 0x63, plain: 0x64 } as const

/** `noexn` to `exn`, by their bytes: all abstract heap types. */
const abstractHeapTypes = { first: 0x69, last: 0x74 } as const

export function readValueType(reader: Reader): ValueType {
  const code = reader.byte()
  if (code === longReference.nullable || code === longReference.plain)
    return { code, heap: readHeapType(reader) }
  const number = code >= valueTypeCode.v128 && code <= valueTypeCode.i32
  const reference = code >= abstractHeapTypes.first && code <= abstractHeapTypes.last
  if (!number && !reference) throw unknownType(code)
  return { code }
}

/** A type's index, or, negative, an abstract heap type: its byte as a signed LEB128. */
export function readHeapType(reader: Reader): number {
  const heap = reader.s33()
  if (heap < abstractHeapTypes.first - 0x80 || (heap < 0 && heap > abstractHeapTypes.last - 0x80))
    throw unknownType(heap & 0x7f)
  return heap
}

/** Packed types are storage types only. */
const packedBytes: Readonly<Record<number, number>> = { 0x78: 1, 0x77: 2 }

const numberBytes: Readonly<Record<number, number>> = {
  [valueTypeCode.i32]: 4,
  [valueTypeCode.i64]: 8,
  [valueTypeCode.f32]: 4,
  [valueTypeCode.f64]: 8,
  [valueTypeCode.v128]: 16,
}

/** What V8 takes for a reference where it does not compress pointers, as in Node. */
const referenceBytes = 8

/** Returns how many bytes a value takes, and its type unless that is a packed one. */
function readFieldType(reader: Reader): {
  readonly type: ValueType | undefined
  readonly byteLength: number
} {
  const packed = packedBytes[reader.bytes[reader.position]!]
  let type: ValueType | undefined
  if (packed === undefined) type = readValueType(reader)
  else reader.skip(1)
  reader.byte() // mutability
  return { type, byteLength: packed ?? numberBytes[type!.code] ?? referenceBytes }
}

function readCompositeType(reader: Reader): DefinedType {
  const form = reader.byte()
  switch (form) {
    case 0x60: {
      const parameters = readValueTypes(reader)
      return { kind: 'func', parameters, results: readValueTypes(reader) }
    }
    case 0x5f: {
      const fields: ValueType[] = []
      for (let rest = reader.count(); rest > 0; rest--) {
        const { type } = readFieldType(reader)
        if (type !== undefined) fields.push(type)
      }
      return { kind: 'struct', fields }
    }
    case 0x5e: {
      const { type, byteLength } = readFieldType(reader)
      const fields = type === undefined ? [] : [type]
      return { kind: 'array', fields, element: type ?? { code: valueTypeCode.i32 }, elementBytes: byteLength }
    }
    default:
      throw unknownType(form)
  }
}

function readValueTypes(reader: Reader): ValueType[] {
  return Array.from({ length: reader.count() }, () => readValueType(reader))
}

function readSubType(reader: Reader): DefinedType {
  const form = reader.bytes[reader.position]
  if (form === 0x50 || form === 0x4f) {
    reader.skip(1)
    for (let rest = reader.count(); rest > 0; rest--) reader.u32()
  }
  return readCompositeType(reader)
}

/** One entry of the type section, a recursion group of one or more types. */
export function readRecursionGroup(reader: Reader, into: DefinedType[]): void {
  if (reader.bytes[reader.position] === 0x4e) {
    reader.skip(1)
    for (let rest = reader.count(); rest > 0; rest--) into.push(readSubType(reader))
  } else into.push(readSubType(reader))
}

/** Limits of a table or a memory. Values beyond 2^53 are kept as the nearest number: they are beyond every limit. */
export function readLimits(reader: Reader): Limits {
  const flags = reader.byte()
  if (flags > 0x0f) throw new UnknownFeatureError(`limits with flags ${flags}`)
  const is64 = (flags & 4) !== 0
  const read = (): number => (is64 ? Number(reader.i64(false)) : reader.u32())
  const minimum = read()
  const maximum = flags & 1 ? read() : undefined
  const pageSizeLog2 = flags & 8 ? reader.u32() : 16
  return { minimum, maximum, shared: (flags & 2) !== 0, is64, pageSizeLog2 }
}

/** Whether a value of this type is a reference, to whatever: no number and no vector. */
export function isReference({ code }: ValueType): boolean {
  return code < valueTypeCode.v128
}

/** Whether a value of this type reaches JavaScript as a function object. */
export function isFunctionReference(type: ValueType, types: readonly DefinedType[]): boolean {
  if (type.code === heapType.func || type.code === heapType.nofunc) return true
  if (type.heap === undefined) return false
  if (type.heap >= 0) return types[type.heap]?.kind === 'func'
  // A negative heap type is the s33 reading of a single byte: 0x70 is -16.
  const byte = type.heap + 0x80
  return byte === heapType.func || byte === heapType.nofunc
}
