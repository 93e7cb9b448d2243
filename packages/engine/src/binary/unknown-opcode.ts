/**
 * Opcodes, types and sections that the analyser does not know, named by the proposal that they belong to: V8 has some of
 * them behind flags. A module that holds one is refused with this name, never walked on a guess.
 */

/** `[prefix (0: none), first opcode, last opcode, name]`; from the proposals' binary formats. */
const proposals: readonly (readonly [prefix: number, first: number, last: number, name: string])[] = [
  [0x00, 0xe0, 0xe6, 'the stack switching proposal'],
  [0xfb, 0x1f, 0x1f, 'the shared-everything threads proposal'],
  [0xfb, 0x20, 0x2f, 'the custom descriptors proposal'],
  [0xfb, 0x4c, 0x4c, "V8's own unchecked casts"],
  [0xfb, 0x80, 0xff, 'the reference-typed strings proposal'],
  [0xfc, 0x12, 0x12, 'the memory control proposal'],
  [0xfc, 0x30, 0x31, 'the half precision proposal'],
  [0xfd, 0x120, 0x17f, 'the half precision proposal'],
  [0xfe, 0x04, 0x04, 'the shared-everything threads proposal'],
  [0xfe, 0x4f, 0xff, 'the shared-everything threads proposal'],
]

/** Bytes that introduce types: value types, heap types, forms of the type section. */
const types: Readonly<Record<number, string>> = {
  0x4c: 'the custom descriptors proposal',
  0x4d: 'the custom descriptors proposal',
  0x5d: 'the stack switching proposal',
  0x60: 'the reference-typed strings proposal',
  0x61: 'the reference-typed strings proposal',
  0x62: 'the custom descriptors proposal',
  0x65: 'the shared-everything threads proposal',
  0x66: 'the reference-typed strings proposal',
  0x67: 'the reference-typed strings proposal',
  0x68: 'the stack switching proposal',
  0x75: 'the stack switching proposal',
}

const sections: Readonly<Record<number, string>> = { 14: 'the reference-typed strings proposal' }

const hexadecimal = (byte: number): string => `0x${byte.toString(16).padStart(2, '0')}`

/** Thrown for what may be valid, but is not known. Internal: callers see an UnsupportedModuleError, or V8's CompileError. */
export class UnknownFeatureError extends Error {
  /** @param proposal what it belongs to, where that is known */
  constructor(what: string, proposal?: string) {
    super(`${what}${proposal === undefined ? ', which is unknown' : ` of ${proposal}`}`)
    this.name = 'UnknownFeatureError'
  }
}

/** `prefix`: the first byte of a prefixed opcode, 0 for a plain one. */
export function unknownOpcode(prefix: number, opcode: number): UnknownFeatureError {
  const known = proposals.find(([of, first, last]) => of === prefix && opcode >= first && opcode <= last)
  const number = (prefix === 0 ? [opcode] : [prefix, opcode]).map(hexadecimal)
  return new UnknownFeatureError(`opcode ${number.join(' ')}`, known?.[3])
}

/** A value type, a heap type, or the form of a composite type. */
export function unknownType(byte: number): UnknownFeatureError {
  return new UnknownFeatureError(`type ${hexadecimal(byte)}`, types[byte])
}

export function unknownSection(id: number): UnknownFeatureError {
  return new UnknownFeatureError(`section ${id}`, sections[id])
}
