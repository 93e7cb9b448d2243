/** From a serialized module to a compiled one: V8 compiles the code, or has done so; nothing is analysed again. */
import { InvalidOptionError } from '@warmslot/index-allocator'
import { isSharedArrayBuffer } from 'node:util/types'

import type { ImageSegment } from '../binary/image-segments.ts'
import { SerializedModuleError } from '../errors/serialized-module-error.ts'
import { ExportNames } from '../handles/exports-object.ts'
import type { Compilation, SlotLimits } from '../runtime/compiled-module.ts'
import { checkSlotLimits, inSlices } from '../runtime/compiled-module.ts'
import { readFrame } from './frame.ts'
import type { ModuleData } from './module-data.ts'
import { readModuleData } from './module-data.ts'
import type { SharedModule } from './serialize-module.ts'

export interface DeserializedModule {
  readonly compilation: Compilation
  readonly isSnapshot: boolean
}

/**
 * @param accept refuses what does not fit to the engine
 * @throws SerializedModuleError, InvalidOptionError, UnsupportedModuleError, ResourceLimitError; what `accept` throws
 */
export async function deserializeModule(
  serialized: Uint8Array | SharedModule,
  label: string | undefined,
  limits: SlotLimits,
  accept: (data: ModuleData) => void,
): Promise<DeserializedModule> {
  const { bytes, compiled } = partsOf(serialized)
  const { data: framed, rest } = await inSlices(readFrame(bytes))
  const data = readModuleData(framed)
  const { analysis, sourceBytes, codeBytes, sharedTables, deadlines, isSnapshot } = data
  if (compiled === undefined && codeBytes === 0)
    throw new SerializedModuleError('it lacks its code', 'Pass the whole object that `share` gave.')
  accept(data)
  checkSlotLimits(analysis.memories, limits)
  const codeEnd = sourceBytes + codeBytes
  const code = rest.subarray(sourceBytes, codeEnd)
  const module: Compilation['module'] = {
    label: label ?? data.label,
    analysis,
    source: isSharedArrayBuffer(rest.buffer) ? shared(rest, sourceBytes) : rest.slice(0, sourceBytes),
    sharedTables,
    deadlines,
    compiled: compiled ?? (await WebAssembly.compile(code as Uint8Array<ArrayBuffer>)),
    exportNames: new ExportNames(analysis.exports),
  }
  return { compilation: { module, imageSegments: segmentsOf(data, rest.subarray(codeEnd)) }, isSnapshot }
}

/** Nobody changes it: it is no copy. */
function shared(rest: Uint8Array, sourceBytes: number): Uint8Array<ArrayBuffer> {
  return rest.subarray(0, sourceBytes) as Uint8Array<ArrayBuffer>
}

function segmentsOf({ segments }: ModuleData, contents: Uint8Array): ImageSegment[] {
  let position = 0
  return segments.map(({ memory, offset, byteLength }) => {
    position += byteLength
    return { memory, offset, bytes: contents.subarray(position - byteLength, position) }
  })
}

function partsOf(serialized: unknown): { bytes: Uint8Array; compiled: WebAssembly.Module | undefined } {
  if (serialized instanceof Uint8Array) return { bytes: serialized, compiled: undefined }
  const { bytes, compiled } = (serialized ?? {}) as Partial<SharedModule>
  if (bytes instanceof Uint8Array && compiled instanceof WebAssembly.Module) return { bytes, compiled }
  throw new InvalidOptionError(
    'serialized',
    'a Uint8Array that `serialize` gave, or what `share` gave',
    serialized,
  )
}
