/** Thrown when an image is used after its last reference was released. */

import { BrandedError, hasBrand } from './branded-error.ts'

const code = 'WARMSLOT_IMAGE_CLOSED'

/** The image's last reference has been released: its memfd is closed and its bytes are gone. */
export class ImageClosedError extends BrandedError {
  readonly code: typeof code = code

  constructor(memfdName: string) {
    super(
      code,
      `memory image ${memfdName} is closed: its last reference was released. ` +
        'Call retain() for every owner, and release() once for each',
    )
  }

  /** Whether `value` is this error, also from another copy of the package. */
  static isInstance(value: unknown): value is ImageClosedError {
    return hasBrand(value, code)
  }
}
