/**
 * What the border between an instance and its host must know of function types, worked out once for each type: a million
 * functions may share one of a thousand parameters.
 */
import type { ModuleStructure } from './module-structure.ts'
import { isFunctionReference, isReference } from './types.ts'

/** A function's type, as far as its handle needs it. */
export interface FunctionShape {
  readonly parameters: number
  /** -1: not known. */
  readonly results: number
  /** Whether a parameter or a result is a reference to a function, which must not cross to the host as it is. */
  readonly carriesFunctions: boolean
  /** Per parameter and per result: whether it is one. `undefined`: not known. */
  readonly takes: readonly boolean[] | undefined
  readonly gives: readonly boolean[] | undefined
  /** Whether a parameter is a reference of any kind. */
  readonly takesReferences: boolean
}

export class FunctionShapes {
  readonly #structure: ModuleStructure
  readonly #byType = new Map<number, FunctionShape>()

  constructor(structure: ModuleStructure) {
    this.#structure = structure
  }

  of(functionIndex: number): FunctionShape {
    return this.ofType(this.#structure.functionTypes[functionIndex] ?? -1)
  }

  ofType(typeIndex: number): FunctionShape {
    let shape = this.#byType.get(typeIndex)
    if (shape === undefined) this.#byType.set(typeIndex, (shape = this.#make(typeIndex)))
    return shape
  }

  #make(typeIndex: number): FunctionShape {
    const { types } = this.#structure
    const type = types[typeIndex]
    const { parameters, results } = type?.kind === 'func' ? type : { parameters: [], results: [] }
    const takes = parameters.map((one) => isFunctionReference(one, types))
    const gives = results.map((one) => isFunctionReference(one, types))
    return {
      parameters: parameters.length,
      results: results.length,
      carriesFunctions: takes.includes(true) || gives.includes(true),
      takes,
      gives,
      takesReferences: parameters.some(isReference),
    }
  }
}
