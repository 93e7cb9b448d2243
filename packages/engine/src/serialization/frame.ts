/**
 * The frame around a serialized module: tells whether bytes are one, whole, and of this version.
 *
 *   | magic | version, padded | length of data | sum of all that follows | data | source | code | segments |
 *   0       8                 40               48                        52
 *
 * The sum (CRC-32) finds damage, not malice: whoever can write these bytes can run code.
 */
import { crc32 } from 'node:zlib'

import packageFile from '../../package.json' with { type: 'json' }
import { SerializedModuleError } from '../errors/serialized-module-error.ts'

const magic = 'WARMSLOT'
const versionStart = 8
const dataLengthStart = 40
const sumStart = 48
export const frameBytes = 52

/** Another version of this package may rewrite modules in another way. The number counts the changes of this file. */
const version: string = `engine ${packageFile.version} format 3`

/** How much is summed up between two yields: a few hundred microseconds. */
const sliceBytes = 1 << 20

export interface Frame {
  /** The bytes of the data, behind which the long parts lie. */
  readonly data: Uint8Array
  readonly rest: Uint8Array
}

/** Writes the frame of `bytes`, which are complete but for it. */
export function* writeFrame(bytes: Uint8Array, dataBytes: number): Generator<void> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  bytes.fill(0, 0, frameBytes)
  writeText(bytes, 0, magic)
  writeText(bytes, versionStart, version)
  view.setFloat64(dataLengthStart, dataBytes)
  view.setUint32(sumStart, yield* sumOf(bytes))
}

/** @throws SerializedModuleError */
export function* readFrame(bytes: Uint8Array): Generator<void, Frame> {
  if (bytes.length < frameBytes || textAt(bytes, 0, versionStart) !== magic)
    throw new SerializedModuleError('its bytes are something else, or cut off')
  const found = textAt(bytes, versionStart, dataLengthStart)
  if (found !== version)
    throw new SerializedModuleError(
      `it was made by ${JSON.stringify(found)}, and this is ${JSON.stringify(version)}`,
    )
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const dataBytes = view.getFloat64(dataLengthStart)
  if (view.getUint32(sumStart) !== (yield* sumOf(bytes)))
    throw new SerializedModuleError('its bytes are damaged, or cut off')
  const end = frameBytes + dataBytes
  return { data: bytes.subarray(frameBytes, end), rest: bytes.subarray(end) }
}

/** Of the length of the data, and of all that follows. */
function* sumOf(bytes: Uint8Array): Generator<void, number> {
  let sum = crc32(bytes.slice(dataLengthStart, sumStart))
  for (let start = frameBytes; start < bytes.length; start += sliceBytes) {
    sum = crc32(bytes.subarray(start, start + sliceBytes), sum)
    yield
  }
  return sum
}

function writeText(bytes: Uint8Array, start: number, text: string): void {
  for (let at = 0; at < text.length; at++) bytes[start + at] = text.charCodeAt(at)
}

function textAt(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end)).replace(/\0+$/, '')
}
