/** Value types of generated modules, by their bytes. */

/** A value type as its bytes. */
export type Type = readonly number[]

export function sameType(one: Type, other: Type): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index])
}
