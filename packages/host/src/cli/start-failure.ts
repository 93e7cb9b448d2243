/** What kept a host from starting, in the words of its flags. */
import { dirname, resolve } from 'node:path'
import { type HostOptions, resolveHostOptions } from '../options.ts'
import { FailureError } from './failure-error.ts'
import { flagOf, type OptionName } from './options/option-table.ts'

interface SystemError extends Error {
  readonly code?: string
  readonly path?: string
  readonly syscall?: string
  readonly address?: string
  readonly port?: number
}

const listening: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use already: end what listens there, or choose another address',
  EADDRNOTAVAIL: 'is no address of this machine: choose one that is',
  EACCES: 'may not be listened on by this user: choose a port from 1024 on',
}

const defaultAdminPort = 8081

const reading: Readonly<Record<string, string>> = {
  ENOENT: 'is not there: make it, or name another one',
  ENOTDIR: 'is no folder: name one',
  EISDIR: 'is a folder: name a file',
  EACCES: 'may not be read by this user: give the right to, or name another one',
}

/** @returns a FailureError where it is known what to do, else the error as it is */
export function startFailure(error: unknown, options: HostOptions): unknown {
  const { code = '', path, syscall, address, port = 0 } = (error ?? {}) as Partial<SystemError>
  if (syscall === 'listen' && listening[code] !== undefined) {
    const isAdmin = options.adminListen?.endsWith(`:${port}`) ?? port === defaultAdminPort
    const flag = flagOf(isAdmin ? 'adminListen' : 'listen')
    return new FailureError(`${address}:${port} ${listening[code]} with --${flag}`, { cause: error })
  }
  const names = ['modules', 'tokenFile', 'serviceAccountFolder'] as const satisfies OptionName[]
  const name = names.find((one) => isAt(path, options[one] ?? resolveHostOptions({})[one]))
  if (name !== undefined && reading[code] !== undefined) {
    const what = { modules: 'the folder', tokenFile: 'the token file', serviceAccountFolder: 'the file' }[
      name
    ]
    return new FailureError(`${what} ${path} ${reading[code]} with --${flagOf(name)}`, { cause: error })
  }
  return error
}

/** At the option itself, or at one of the files of a folder. */
function isAt(path: string | undefined, option: string | undefined): boolean {
  if (path === undefined || option === undefined) return false
  return path === option || dirname(resolve(path)) === resolve(option)
}
