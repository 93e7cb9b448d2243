/** Names and UIDs stand in paths of URLs, in file names and in metrics; so they have few characters. */
import { BadRequestError } from '../errors/bad-request-error.ts'

/** As Kubernetes' object names, with room for a namespace before a dot; no "..", and nothing that a path could take apart. */
const pattern = /^[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.)){0,252}$/
const ownerPattern = /^[A-Za-z0-9](?:[A-Za-z0-9_/-]|\.(?!\.)){0,252}$/

export function isName(text: string): boolean {
  return pattern.test(text)
}

/** @throws BadRequestError */
export function readName(what: 'name' | 'UID', text: string): string {
  if (isName(text)) return text
  throw new BadRequestError(
    `A module's ${what} has 1 to 253 letters, digits, "-", "_" and single ".", and begins with a letter or digit.`,
  )
}

/** Whose a module is: a name that may have slashes. @throws BadRequestError */
export function readOwner(text: string): string {
  if (ownerPattern.test(text)) return text
  throw new BadRequestError(
    'An owner has 1 to 253 letters, digits, "-", "_", "/" and single ".", and begins with a letter or digit.',
  )
}
