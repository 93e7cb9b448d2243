/** A module's memory images, one for each of its memories, from the data segments that the analysis found. */
import { MemoryImage } from '@warmslot/memory-image'

import type { ImageSegment } from '../binary/image-segments.ts'

/** The images, each with one reference; after an error none is left open. */
export async function makeImages(
  memories: number,
  imageSegments: readonly ImageSegment[],
  label: string,
): Promise<MemoryImage[]> {
  const images: MemoryImage[] = []
  try {
    const byMemory = Map.groupBy(imageSegments, ({ memory }) => memory)
    for (let memory = 0; memory < memories; memory++) {
      images.push(await MemoryImage.fromSegmentsAsync(byMemory.get(memory) ?? [], { label }))
    }
  } catch (error) {
    for (const image of images) image.release()
    throw error
  }
  return images
}
