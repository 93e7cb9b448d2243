/**
 * Which data segments go into a memory's image, and which are applied at each instantiation.
 *
 * Segments apply in order and stop at the first that is out of bounds. So the image holds those before the first whose
 * offset is not known or that does not fit; from there on all are applied at each instantiation.
 */
import { evaluateOffset } from './constant-offset.ts'
import type { ImageSegment } from './image-segments.ts'
import { ImageSegments } from './image-segments.ts'
import type { ModuleStructure } from './module-structure.ts'
import { MalformedModuleError } from './reader.ts'

export const pageBytes = 65_536

/** A data segment that is applied at each instantiation, in this order, checked against the logical size. */
export interface LateSegment {
  readonly segment: number
  readonly memory: number
  /** In bytes, a bigint beyond 2^53 - 1; where it depends on imports, `undefined`, and the hidden export of its number holds it. */
  readonly offset: number | bigint | undefined
  readonly bytes: Uint8Array
}

/** How many data segments are sorted between two yields. */
const sliceSegments = 2048

export interface SortedSegments {
  imageSegments: ImageSegment[]
  lateSegments: LateSegment[]
  /** Those for the images of imported memories once more: another instance's memory gets them at instantiation. */
  linkSegments: LateSegment[]
  /** The segments whose offset the rewrite must export. */
  dynamic: number[]
}

export function* sortSegments(structure: ModuleStructure): Generator<void, SortedSegments> {
  const { bytes, data, memories } = structure
  const image = new ImageSegments(bytes, memories.length)
  const lateSegments: LateSegment[] = []
  const linkSegments: LateSegment[] = []
  const dynamic: number[] = []
  for (let segment = 0; segment < data.length; segment++) {
    if (segment % sliceSegments === 0) yield
    const { memory, offset: expression, contents } = data[segment]!
    if (memory === undefined || expression === undefined) continue
    const { start, end } = contents
    const type = memories[memory]
    if (!type) throw new MalformedModuleError(`data segment ${segment} has no memory`, start)
    const offset = evaluateOffset(structure, expression)
    if (offset === undefined) dynamic.push(segment)
    const fits = typeof offset === 'number' && offset + end - start <= type.limits.minimum * pageBytes
    if (fits && lateSegments.length === 0) {
      image.add(memory, offset, start, end)
      if (type.imported) linkSegments.push({ segment, memory, offset, bytes: bytes.slice(start, end) })
    } else lateSegments.push({ segment, memory, offset, bytes: bytes.slice(start, end) })
  }
  return { imageSegments: image.take(), lateSegments, linkSegments, dynamic }
}
