/**
 * Limits on what a guest may have WASI do in one call. The shim makes objects of what it is given, on JavaScript's heap; a guest that
 * asks for millions of them would take the process down with it.
 */
import { wasi } from '@bjorn3/browser_wasi_shim'

/** Linux's IOV_MAX. */
const mostBuffers = 1_024
/** Linux's PATH_MAX, in bytes. */
const longestPath = 4_096
/** Linux's usual limit of open files. */
const mostFiles = 1_024

/** By name, where the length of a list or a path stands among the parameters, which is bounded, and the error beyond it. */
const limits: Readonly<Record<string, readonly [parameter: number, most: number, errno: number][]>> = {
  fd_read: [[2, mostBuffers, wasi.ERRNO_INVAL]],
  fd_pread: [[2, mostBuffers, wasi.ERRNO_INVAL]],
  fd_write: [[2, mostBuffers, wasi.ERRNO_INVAL]],
  fd_pwrite: [[2, mostBuffers, wasi.ERRNO_INVAL]],
  path_create_directory: [[2, longestPath, wasi.ERRNO_NAMETOOLONG]],
  path_filestat_get: [[3, longestPath, wasi.ERRNO_NAMETOOLONG]],
  path_filestat_set_times: [[3, longestPath, wasi.ERRNO_NAMETOOLONG]],
  path_link: [
    [3, longestPath, wasi.ERRNO_NAMETOOLONG],
    [6, longestPath, wasi.ERRNO_NAMETOOLONG],
  ],
  path_open: [[3, longestPath, wasi.ERRNO_NAMETOOLONG]],
  path_readlink: [[2, longestPath, wasi.ERRNO_NAMETOOLONG]],
  path_remove_directory: [[2, longestPath, wasi.ERRNO_NAMETOOLONG]],
  path_rename: [
    [2, longestPath, wasi.ERRNO_NAMETOOLONG],
    [5, longestPath, wasi.ERRNO_NAMETOOLONG],
  ],
  path_symlink: [
    [1, longestPath, wasi.ERRNO_NAMETOOLONG],
    [4, longestPath, wasi.ERRNO_NAMETOOLONG],
  ],
  path_unlink_file: [[2, longestPath, wasi.ERRNO_NAMETOOLONG]],
}

/** The error with which a call is refused; undefined: it may be made. @param openFiles so many numbers are taken */
export function refusal(name: string, values: readonly number[], openFiles: number): number | undefined {
  // The shim never uses a number again.
  if (name === 'path_open' && openFiles >= mostFiles) return wasi.ERRNO_NFILE
  const limit = limits[name]
  if (limit === undefined) return undefined
  for (const [parameter, most, errno] of limit) if (values[parameter]! >>> 0 > most) return errno
  return undefined
}
