/**
 * What makes a compiled module anew without a second look at its code: plain data, and the places of its long parts.
 *
 * The original's bytes go with it, because `snapshot` and a later `serialize` begin with them.
 */
import { deserialize, serialize } from 'node:v8'

import type { ModuleAnalysis } from '../binary/analyse-module.ts'
import type { CodeOffsetsData } from '../binary/code-offsets.ts'
import { CodeOffsets } from '../binary/code-offsets.ts'
import type { FunctionShapesData } from '../binary/function-shapes.ts'
import { FunctionShapes } from '../binary/function-shapes.ts'
import type { HeapLimits } from '../binary/heap-limits.ts'

/** A part of a memory's image; its bytes follow those of the one before. */
export interface SegmentPlace {
  readonly memory: number
  readonly offset: number
  readonly byteLength: number
}

export interface ModuleData {
  readonly label: string
  readonly sharedTables: boolean
  readonly deadlines: boolean
  readonly heapLimits: HeapLimits
  /** The module's own limit for each of its memories, in bytes; undefined: none but that of the engine that has it. */
  readonly ownMaxMemoryBytes: number | undefined
  /** Whether it starts with a captured state, and whether something is to run after each restore. */
  readonly isSnapshot: boolean
  readonly hasHook: boolean
  readonly analysis: ModuleAnalysis
  /** Lengths of the original, and of the rewritten module: 0 where V8's compiled one comes with it. */
  readonly sourceBytes: number
  readonly codeBytes: number
  readonly segments: readonly SegmentPlace[]
}

type Plain = Omit<ModuleData, 'analysis'> & {
  readonly analysis: Omit<ModuleAnalysis, 'functionShapes' | 'codeOffsets'>
  readonly functionShapes: FunctionShapesData
  readonly codeOffsets: CodeOffsetsData
}

export function writeModuleData({ analysis, ...data }: ModuleData): Buffer {
  const { functionShapes, codeOffsets, ...rest } = analysis
  const plain: Plain = {
    ...data,
    analysis: rest,
    functionShapes: functionShapes.data,
    codeOffsets: codeOffsets.data,
  }
  return serialize(plain)
}

/** Of what {@link writeModuleData} wrote, unchanged: anything else is undefined behaviour of V8's. */
export function readModuleData(bytes: Uint8Array): ModuleData {
  // V8's reader makes views of aligned arrays, and may not get shared memory.
  const { analysis, functionShapes, codeOffsets, ...data } = deserialize(Buffer.from(bytes)) as Plain
  return {
    ...data,
    analysis: {
      ...analysis,
      functionShapes: new FunctionShapes(functionShapes),
      codeOffsets: new CodeOffsets(codeOffsets),
    },
  }
}
