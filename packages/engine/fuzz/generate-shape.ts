/** What a generated module declares, before any code: types, imports, tables, memories, globals, segments. */
import type { Type } from './generated-types.ts'
import type { Random } from './random.ts'

export interface FunctionShape {
  readonly parameters: readonly Type[]
  readonly results: readonly Type[]
}

export interface Shape {
  /** The type index space; where it is a struct, an empty function stands for it, and `structs` has its index. */
  readonly types: readonly FunctionShape[]
  readonly structs: readonly number[]
  /** The type index of each function, imported ones first. */
  readonly functions: readonly number[]
  readonly importedFunctions: number
  readonly globals: readonly { readonly type: Type; readonly mutable: boolean; readonly imported: boolean }[]
  readonly memories: number
  readonly memoryImported: boolean
  /** The type of each table's entries. */
  readonly tables: readonly Type[]
  readonly tags: number
  readonly dataSegments: number
  readonly elementSegments: number
  /** Whether every function is declared for `ref.func`. */
  readonly declared: boolean
}

const numbers: readonly Type[] = [[0x7f], [0x7f], [0x7e], [0x7d], [0x7c]]

export function generateShape(random: Random): Shape {
  // Type 0 takes and returns nothing: start functions and tags have it. Types 1 and 2 are structs.
  const structs = random.oneIn(2) ? [1, 2] : []
  const types: FunctionShape[] = [{ parameters: [], results: [] }]
  for (const _ of structs) types.push({ parameters: [], results: [] })
  const anyType = (): Type => {
    if (random.oneIn(12) && structs.length > 0) return [0x63, random.pick(structs)]
    if (random.oneIn(6)) return [random.pick([0x70, 0x6f])]
    return random.oneIn(10) ? [0x7b] : random.pick(numbers)
  }
  const list = (most: number): Type[] => Array.from({ length: random.below(most + 1) }, anyType)
  const first = types.length
  for (let count = 1 + random.below(5); count > 0; count--)
    types.push({ parameters: list(4), results: list(2) })
  const functionType = (): number => (random.oneIn(4) ? 0 : first + random.below(types.length - first))
  const importedFunctions = random.below(3)
  const memories = random.oneIn(8) ? 0 : random.oneIn(3) ? 2 : 1
  return {
    types,
    structs,
    functions: Array.from({ length: importedFunctions + 1 + random.below(6) }, functionType),
    importedFunctions,
    globals: Array.from({ length: random.below(6) }, (_, index) => ({
      type: index < 2 ? random.pick(numbers) : anyType(),
      mutable: random.oneIn(2),
      imported: index < 2 && random.oneIn(4),
    })).toSorted((one, other) => Number(other.imported) - Number(one.imported)),
    memories,
    memoryImported: memories > 0 && random.oneIn(8),
    tables: Array.from({ length: random.below(3) }, () => [random.pick([0x70, 0x6f])]),
    tags: random.below(2),
    dataSegments: random.below(4),
    elementSegments: random.below(3),
    declared: random.oneIn(2),
  }
}
