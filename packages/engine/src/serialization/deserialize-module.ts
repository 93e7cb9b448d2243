/** From a serialized module to a compiled one: V8 compiles the code, or has done so; nothing is analysed again. */
import { InvalidOptionError } from '@warmslot/index-allocator'
import { ImageClosedError, MemoryImage, type SharedImage } from '@warmslot/memory-image'
import { isSharedArrayBuffer } from 'node:util/types'

import type { ImageSegment } from '../binary/image-segments.ts'
import { ModuleDisposedError } from '../errors/module-disposed-error.ts'
import { SerializedModuleError } from '../errors/serialized-module-error.ts'
import { ExportNames } from '../handles/exports-object.ts'
import type { Compilation } from '../runtime/compiled-module.ts'
import { inSlices } from '../runtime/compiled-module.ts'
import { ImportReader } from '../runtime/import-reader.ts'
import type { ModuleLimits } from '../runtime/module-limits.ts'
import { checkModuleLimits, mostMemoryBytes } from '../runtime/module-limits.ts'
import { readFrame } from './frame.ts'
import type { ModuleData } from './module-data.ts'
import { readModuleData } from './module-data.ts'
import type { SharedModule } from './serialize-module.ts'

export interface DeserializedModule {
  readonly compilation: Compilation
  /** With one reference each, where they came from another thread; else they are to be made. */
  readonly images: readonly MemoryImage[] | undefined
  readonly isSnapshot: boolean
}

/**
 * @param given the engine's limits, and the module's own in place of the one that it was serialized with
 * @param accept refuses what does not fit to the engine
 * @throws ModuleDisposedError where the thread that shared it has disposed of it already
 * @throws SerializedModuleError, InvalidOptionError, UnsupportedModuleError, ResourceLimitError; what `accept` throws
 */
export async function deserializeModule(
  serialized: Uint8Array | SharedModule,
  label: string | undefined,
  given: ModuleLimits,
  accept: (data: ModuleData) => void,
): Promise<DeserializedModule> {
  const { bytes, compiled, images } = partsOf(serialized)
  const { data: framed, rest } = await inSlices(readFrame(bytes))
  const data = readModuleData(framed)
  const { analysis, sourceBytes, codeBytes, sharedTables, deadlines, heapLimits, isSnapshot } = data
  if (compiled === undefined && codeBytes === 0)
    throw new SerializedModuleError('it lacks its code', 'Pass the whole object that `share` gave.')
  accept(data)
  const { ownMaxMemoryBytes = data.ownMaxMemoryBytes } = given
  const limits = { ...given, ownMaxMemoryBytes }
  checkModuleLimits(analysis.memories, limits)
  const codeEnd = sourceBytes + codeBytes
  const code = rest.subarray(sourceBytes, codeEnd)
  const ready = compiled ?? (await WebAssembly.compile(code as Uint8Array<ArrayBuffer>))
  const module: Compilation['module'] = {
    label: label ?? data.label,
    analysis,
    source: isSharedArrayBuffer(rest.buffer) ? shared(rest, sourceBytes) : rest.slice(0, sourceBytes),
    sharedTables,
    deadlines,
    heapLimits,
    ownMaxMemoryBytes,
    maxMemoryBytes: mostMemoryBytes(limits),
    compiled: ready,
    exportNames: new ExportNames(analysis.exports),
    importReader: new ImportReader(analysis, ready),
  }
  const imageSegments = segmentsOf(data, rest.subarray(codeEnd))
  return { compilation: { module, imageSegments }, images: images && adopt(images, module.label), isSnapshot }
}

/** Nobody changes it: it is no copy. */
function shared(rest: Uint8Array, sourceBytes: number): Uint8Array<ArrayBuffer> {
  return rest.subarray(0, sourceBytes) as Uint8Array<ArrayBuffer>
}

/** All of them, or none. */
function adopt(images: readonly SharedImage[], label: string): MemoryImage[] {
  const adopted: MemoryImage[] = []
  try {
    for (const image of images) adopted.push(MemoryImage.adopt(image))
    return adopted
  } catch (error) {
    for (const image of adopted) image.release()
    throw ImageClosedError.isInstance(error) ? new ModuleDisposedError(label) : error
  }
}

function segmentsOf({ segments }: ModuleData, contents: Uint8Array): ImageSegment[] {
  let position = 0
  return segments.map(({ memory, offset, byteLength }) => {
    position += byteLength
    return { memory, offset, bytes: contents.subarray(position - byteLength, position) }
  })
}

type Parts = Pick<SharedModule, 'compiled' | 'images'>

function partsOf(serialized: unknown): { bytes: Uint8Array } & Partial<Parts> {
  if (serialized instanceof Uint8Array) return { bytes: serialized }
  const { bytes, compiled, images } = (serialized ?? {}) as Partial<SharedModule>
  if (bytes instanceof Uint8Array && compiled instanceof WebAssembly.Module && Array.isArray(images))
    return { bytes, compiled, images }
  throw new InvalidOptionError(
    'serialized',
    'a Uint8Array that `serialize` gave, or what `share` gave',
    serialized,
  )
}
