/** A module's memory images, one for each of its memories. */
import { MemoryImage } from '@warmslot/memory-image'

import type { ImageSegment } from '../binary/image-segments.ts'
import { ModuleDisposedError } from '../errors/module-disposed-error.ts'
import type { CompiledModule } from './compiled-module.ts'

/** From the data segments that the analysis found: each with one reference; after an error none is left open. */
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

/** One more reference to each image of a module. @throws ModuleDisposedError where they are gone */
export function retainImages({
  images,
  label,
}: Pick<CompiledModule, 'images' | 'label'>): readonly MemoryImage[] {
  if (images.some(({ closed }) => closed)) throw new ModuleDisposedError(label)
  return images.map((image) => image.retain())
}
