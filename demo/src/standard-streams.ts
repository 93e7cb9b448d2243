/**
 * The file system that Go's `wasm_exec` asks for in the global scope, cut down to standard input and output
 * in memory: what a command needs that reads its input and prints its result.
 */

type Callback = (error: Error | null, value?: number) => void

const standardInput = 0

function notImplemented(): Error {
  return Object.assign(new Error('not implemented'), { code: 'ENOSYS' })
}

export class StandardStreams {
  readonly constants: Record<string, number> = {
    O_WRONLY: -1,
    O_RDWR: -1,
    O_CREAT: -1,
    O_TRUNC: -1,
    O_APPEND: -1,
    O_EXCL: -1,
    O_DIRECTORY: -1,
  }
  readonly #input: Uint8Array
  #inputPosition = 0
  readonly #output: Buffer[] = []

  constructor(input: string) {
    this.#input = new TextEncoder().encode(input)
  }

  /** What was written so far, to standard output and to standard error, in order. */
  get output(): string {
    return Buffer.concat(this.#output).toString('utf8')
  }

  writeSync(_descriptor: number, bytes: Uint8Array): number {
    this.#output.push(Buffer.from(bytes))
    return bytes.byteLength
  }

  write(
    descriptor: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    _position: unknown,
    callback: Callback,
  ): void {
    callback(null, this.writeSync(descriptor, bytes.subarray(offset, offset + length)))
  }

  read(
    descriptor: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    _position: unknown,
    callback: Callback,
  ): void {
    if (descriptor !== standardInput) {
      callback(notImplemented())
      return
    }
    const part = this.#input.subarray(this.#inputPosition, this.#inputPosition + length)
    bytes.set(part, offset)
    this.#inputPosition += part.byteLength
    callback(null, part.byteLength)
  }

  open(_path: string, _flags: number, _mode: number, callback: Callback): void {
    callback(notImplemented())
  }

  fstat(_descriptor: number, callback: Callback): void {
    callback(notImplemented())
  }

  stat(_path: string, callback: Callback): void {
    callback(notImplemented())
  }

  lstat(_path: string, callback: Callback): void {
    callback(notImplemented())
  }

  close(_descriptor: number, callback: Callback): void {
    callback(null)
  }
}
