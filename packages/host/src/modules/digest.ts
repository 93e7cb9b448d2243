/** SHA-256 of a module's bytes, as container registries write it: `sha256:` and 64 hexadecimal digits. */
import { createHash } from 'node:crypto'
import { BadRequestError } from '../errors/bad-request-error.ts'
import { DigestMismatchError } from '../errors/digest-mismatch-error.ts'

const pattern = /^sha256:[0-9a-f]{64}$/

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

/** @throws BadRequestError for what is no digest */
export function readDigest(text: string): string {
  if (pattern.test(text)) return text
  throw new BadRequestError('A digest is "sha256:" and 64 hexadecimal digits, in lower case.')
}

/** @throws BadRequestError for what is no digest; DigestMismatchError */
export function checkDigest(bytes: Uint8Array, announced: string): string {
  readDigest(announced)
  const actual = digestOf(bytes)
  if (actual !== announced) throw new DigestMismatchError(announced, actual)
  return actual
}
