/** Addresses of JavaScript's buffers, and buffers over addresses. */

import { bufferAddress, externalBuffer } from './libc.ts'

/**
 * The address of a buffer's first byte, such as of a `WebAssembly.Memory`'s `buffer`. Valid as long as the buffer
 * lives and is not detached.
 * @throws {RangeError} if the buffer is empty or detached: it has no address
 * @throws {UnsupportedPlatformError} where this package cannot work
 */
export function addressOf(buffer: ArrayBufferLike | ArrayBufferView): number {
  if (buffer.byteLength === 0) throw new RangeError('an empty or detached buffer has no address')
  return bufferAddress(buffer)
}

/**
 * An ArrayBuffer over memory that JavaScript does not own. The caller keeps the memory mapped and accessible for as
 * long as anybody can use the buffer; an access beyond that kills the process. `.transfer(0)` detaches it.
 *
 * Make few of them and keep them (`.transfer()` renews one at no cost): a worker thread that is terminated inside this
 * call takes the whole process down, so end workers by `terminateWorker`.
 * @param address from {@link addressOf} or a reservation's base
 * @param byteLength in bytes, >= 0
 * @throws {RangeError} if an argument is no safe integer in range
 */
export function viewOver(address: number, byteLength: number): ArrayBuffer {
  if (!Number.isSafeInteger(address) || address <= 0) {
    throw new RangeError(`address must be a safe integer > 0, and it is ${address}`)
  }
  if (!Number.isSafeInteger(byteLength) || byteLength < 0) {
    throw new RangeError(`byteLength must be a safe integer >= 0, and it is ${byteLength}`)
  }
  return externalBuffer(address, byteLength)
}
