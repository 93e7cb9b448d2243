/**
 * A compiled module as bytes: for a file, with the rewritten code; or for other threads, in shared memory and with V8's own
 * module, which threads can hand each other.
 *
 * The rewritten code is not kept when a module is compiled. So a serialization for a file rewrites it once more, in slices as
 * `compile` does.
 */
import type { MemoryImage, SharedImage } from '@warmslot/memory-image'

import { analyseModule } from '../binary/analyse-module.ts'
import type { CompiledModule } from '../runtime/compiled-module.ts'
import { inSlices } from '../runtime/compiled-module.ts'
import { retainImages } from '../runtime/images.ts'
import { frameBytes, writeFrame } from './frame.ts'
import type { SegmentPlace } from './module-data.ts'
import { writeModuleData } from './module-data.ts'

/** A compiled module for the threads of this process: what `postMessage` can carry. */
export interface SharedModule {
  /** V8's own, rewritten. Not for instantiating. */
  readonly compiled: WebAssembly.Module
  /** Everything else, in shared memory: all threads that it is sent to see the same. */
  readonly bytes: Uint8Array<SharedArrayBuffer>
  /** The images of its memories: every thread maps the same bytes. */
  readonly images: readonly SharedImage[]
}

/** @throws ModuleDisposedError */
export function serializeModule(module: CompiledModule, hasHook: boolean): Promise<Uint8Array<ArrayBuffer>> {
  return withImages(module, async () => {
    const { sharedTables, deadlines, heapLimits } = module
    // What was accepted once is not refused again: no limits are asked about.
    const work = analyseModule(module.source, () => undefined, { sharedTables, deadlines, heapLimits })
    const { rewritten } = await inSlices(work)
    return inSlices(write(module, module.images, hasHook, rewritten, (length) => new Uint8Array(length)))
  })
}

/** @throws ModuleDisposedError */
export function shareModule(module: CompiledModule, hasHook: boolean): Promise<SharedModule> {
  return withImages(module, async () => {
    const bytes = await inSlices(write(module, [], hasHook, new Uint8Array(0), sharedBytes))
    return { compiled: module.compiled, bytes, images: module.images.map((image) => image.share()) }
  })
}

function sharedBytes(length: number): Uint8Array<SharedArrayBuffer> {
  return new Uint8Array(new SharedArrayBuffer(length))
}

/** Keeps the images open meanwhile, should the module be disposed. */
async function withImages<T>(module: CompiledModule, work: () => Promise<T>): Promise<T> {
  const images = retainImages(module)
  try {
    return await work()
  } finally {
    await Promise.all(images.map((image) => image.releaseAsync()))
  }
}

/** Between two slices at most so much is copied. */
const sliceBytes = 1 << 20

function* write<Bytes extends Uint8Array>(
  module: CompiledModule,
  images: readonly MemoryImage[],
  hasHook: boolean,
  code: Uint8Array,
  allocate: (length: number) => Bytes,
): Generator<void, Bytes> {
  const { analysis, source, label, sharedTables, deadlines, heapLimits } = module
  const { ownMaxMemoryBytes, isSnapshot } = module
  const segments: SegmentPlace[] = []
  const contents: Uint8Array[] = []
  for (const [memory, image] of images.entries()) {
    for (const { offset, bytes } of image.segments()) {
      segments.push({ memory, offset, byteLength: bytes.length })
      contents.push(bytes)
      yield
    }
  }
  const lengths = { sourceBytes: source.length, codeBytes: code.length }
  const options = { label, sharedTables, deadlines, heapLimits, ownMaxMemoryBytes, isSnapshot, hasHook }
  const data = writeModuleData({ ...options, ...lengths, analysis, segments })
  yield
  const parts = [data, source, code, ...contents]
  const output = allocate(parts.reduce((sum, { length }) => sum + length, frameBytes))
  let position = frameBytes
  for (const part of parts) {
    for (let start = 0; start < part.length; start += sliceBytes) {
      output.set(part.subarray(start, start + sliceBytes), position + start)
      yield
    }
    position += part.length
  }
  yield* writeFrame(output, data.length)
  return output
}
