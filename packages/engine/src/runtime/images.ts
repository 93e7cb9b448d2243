/** A module's memory images, one for each of its memories, from the data segments that the analysis found. */
import { MemoryImage } from '@warmslot/memory-image'

import type { ModuleAnalysis } from '../binary/analyse-module.ts'

/** The images, each with one reference; after an error none is left open. */
export function makeImages(analysis: ModuleAnalysis, label: string): MemoryImage[] {
  const images: MemoryImage[] = []
  try {
    for (const memory of analysis.memories.keys()) {
      const segments = analysis.imageSegments.filter((segment) => segment.memory === memory)
      images.push(MemoryImage.fromSegments(segments, { label }))
    }
  } catch (error) {
    for (const image of images) image.release()
    throw error
  }
  return images
}
