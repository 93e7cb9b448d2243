/**
 * What the border between an instance and its host must know of function types: kept as long as the module, and worked
 * out once for each type, since a million functions may share one of a thousand parameters.
 */
import type { ModuleStructure } from './module-structure.ts'
import { isFunctionReference, isReference } from './types.ts'

/** A function's type, as far as its handle needs it. */
export interface FunctionShape {
  readonly parameters: number
  /** -1: not known. */
  readonly results: number
  /** Whether functions may cross in a call of it, which must not reach the host as they are. */
  readonly carriesFunctions: boolean
  /** Per parameter and per result: whether it is a reference to a function. `undefined`: not known of any. */
  readonly takes: readonly boolean[] | undefined
  readonly gives: readonly boolean[] | undefined
  /** Whether a parameter is a reference of any kind. */
  readonly takesReferences: boolean
}

/** That of a function of which nothing is known, as one that comes out of a shared table. */
export const unknownShape: FunctionShape = {
  parameters: -1,
  results: -1,
  carriesFunctions: true,
  takes: undefined,
  gives: undefined,
  takesReferences: true,
}

const none: readonly boolean[] = []

/** What the shapes are made of, to keep it elsewhere. */
export interface FunctionShapesData {
  /** The type index of each function. */
  readonly typeOf: Uint32Array
  readonly shapes: ReadonlyMap<number, FunctionShape>
}

export class FunctionShapes {
  readonly data: FunctionShapesData

  constructor(data: FunctionShapesData) {
    this.data = data
  }

  /** `throwing`: whether any call may end in an exception that holds functions. */
  static ofStructure(structure: ModuleStructure, throwing: boolean): FunctionShapes {
    const typeOf = Uint32Array.from(structure.functionTypes)
    const shapes = new Map<number, FunctionShape>()
    for (const types of [typeOf, structure.tagTypes]) {
      for (const type of types) if (!shapes.has(type)) shapes.set(type, shapeOf(structure, type, throwing))
    }
    return new FunctionShapes({ typeOf, shapes })
  }

  of(functionIndex: number): FunctionShape {
    const type = this.data.typeOf[functionIndex]
    return type === undefined ? unknownShape : this.ofType(type)
  }

  /** Only of a type that a function or a tag of the module has. */
  ofType(typeIndex: number): FunctionShape {
    return this.data.shapes.get(typeIndex) ?? unknownShape
  }
}

function shapeOf({ types }: ModuleStructure, typeIndex: number, throwing: boolean): FunctionShape {
  const type = types[typeIndex]
  if (type?.kind !== 'func') return unknownShape
  const { parameters, results } = type
  const takes = parameters.map((one) => isFunctionReference(one, types))
  const gives = results.map((one) => isFunctionReference(one, types))
  return {
    parameters: parameters.length,
    results: results.length,
    carriesFunctions: throwing || takes.includes(true) || gives.includes(true),
    takes: takes.includes(true) ? takes : none,
    gives: gives.includes(true) ? gives : none,
    takesReferences: parameters.some(isReference),
  }
}
