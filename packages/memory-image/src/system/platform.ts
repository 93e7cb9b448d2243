/** Where this package works: 64-bit little-endian Linux. Asked at first use, so that an import works everywhere. */

import { UnsupportedPlatformError } from '../errors/unsupported-platform-error.ts'

const architectures: readonly string[] = ['x64', 'arm64']

/** Throws {@link UnsupportedPlatformError} unless this is Linux on x64 or arm64. Loads nothing. */
export function assertOperatingSystem(): void {
  if (process.platform !== 'linux') {
    throw new UnsupportedPlatformError(
      `@warmslot/memory-image works on Linux only, and this is ${process.platform}. ` +
        'Run it in a Linux container or virtual machine',
    )
  }
  if (!architectures.includes(process.arch)) {
    throw new UnsupportedPlatformError(
      `@warmslot/memory-image works on ${architectures.join(' and ')} only, and this is ${process.arch}`,
    )
  }
}
