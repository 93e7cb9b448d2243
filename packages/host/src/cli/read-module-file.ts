/** The module that a command is about. */
import { readFile } from 'node:fs/promises'
import { FailureError } from './failure-error.ts'

/** @throws FailureError */
export async function readModuleFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await readFile(path))
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const reasons: Readonly<Record<string, string>> = {
      ENOENT: 'there is no such file',
      EISDIR: 'it is a folder; name one of its files',
      EACCES: 'this user may not read it',
    }
    throw new FailureError(`${path} cannot be read: ${reasons[code ?? ''] ?? message}`, { cause })
  }
}
