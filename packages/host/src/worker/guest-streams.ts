/** The files that a guest has: its standard streams, in memory, and an empty root folder in which nothing can be made. */
import { ConsoleStdout, File, OpenFile, PreopenDirectory, wasi } from '@bjorn3/browser_wasi_shim'

const firstBytes = 4_096

/**
 * Collects what a guest writes, up to a limit; beyond it the guest is told that there is no space. In one buffer: a guest that writes
 * byte by byte must not make an object of each.
 */
export class CollectedOutput extends ConsoleStdout {
  readonly #limitBytes: number
  #buffer = new Uint8Array(0)
  #bytes = 0

  constructor(limitBytes: number) {
    super(() => undefined)
    this.#limitBytes = limitBytes
  }

  override fd_write(data: Uint8Array): { ret: number; nwritten: number } {
    const room = this.#limitBytes - this.#bytes
    if (room === 0 && data.byteLength > 0) return { ret: wasi.ERRNO_NOSPC, nwritten: 0 }
    const written = data.subarray(0, room)
    this.#reserve(this.#bytes + written.byteLength)
    this.#buffer.set(written, this.#bytes)
    this.#bytes += written.byteLength
    return { ret: wasi.ERRNO_SUCCESS, nwritten: written.byteLength }
  }

  /** In memory of its own, which can be transferred to another thread. */
  take(): Uint8Array<ArrayBuffer> {
    return this.#buffer.slice(0, this.#bytes)
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#buffer.byteLength) return
    const larger = Math.min(this.#limitBytes, Math.max(firstBytes, 2 * this.#buffer.byteLength, bytes))
    const buffer = new Uint8Array(larger)
    buffer.set(this.#buffer)
    this.#buffer = buffer
  }
}

/** A root folder is asked for by most programs' start; what they would make in it would be memory that no limit bounds. */
export class EmptyRoot extends PreopenDirectory {
  constructor() {
    super('/', new Map())
  }

  override path_open(...parameters: Parameters<PreopenDirectory['path_open']>): {
    ret: number
    fd_obj: ReturnType<PreopenDirectory['path_open']>['fd_obj']
  } {
    const [, , openFlags] = parameters
    if ((openFlags & wasi.OFLAGS_CREAT) !== 0) return { ret: wasi.ERRNO_ROFS, fd_obj: null }
    return super.path_open(...parameters)
  }

  override path_create_directory(): number {
    return wasi.ERRNO_ROFS
  }
}

export function standardInput(bytes: Uint8Array): OpenFile {
  return new OpenFile(new File(bytes, { readonly: true }))
}
