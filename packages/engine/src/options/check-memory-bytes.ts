import { InvalidOptionError } from '@warmslot/index-allocator'

import { pageBytes } from '../binary/sort-segments.ts'

/** @throws InvalidOptionError unless it is a multiple of 64 KiB from 64 KiB to `most` */
export function checkMemoryBytes(maxMemoryBytes: number, most: number): void {
  const valid = Number.isInteger(maxMemoryBytes) && maxMemoryBytes >= pageBytes && maxMemoryBytes <= most
  if (valid && maxMemoryBytes % pageBytes === 0) return
  const expected = `a multiple of ${pageBytes} from ${pageBytes} to ${most}`
  throw new InvalidOptionError('maxMemoryBytes', expected, maxMemoryBytes)
}
