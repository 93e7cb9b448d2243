/**
 * AssemblyScript: the loader's `demangle` takes the exports of an instance that somebody else made. The
 * module has a start function, 128-bit SIMD, dozens of mutable globals, and exported ones that say where its
 * buffers are.
 */
import { demangle } from '@assemblyscript/loader'
import type { DemoModule, Instantiate } from '../module.ts'
import { readPackageFile } from '../package-files.ts'

type Sha256 = {
  readonly memory: WebAssembly.Memory
  readonly input: WebAssembly.Global
  readonly output: WebAssembly.Global
  readonly INPUT_LENGTH: WebAssembly.Global
  init(): void
  update(address: number, length: number): void
  final(address: number): void
}

const packageName = '@chainsafe/as-sha256'
const message = Uint8Array.from({ length: 256 * 1024 }, (_, index) => (index * 31 + (index >>> 8)) & 0xff)
const digestBytes = 32

async function use(instantiate: Instantiate): Promise<string> {
  const { exports } = instantiate({
    env: {
      abort: (_message: number, _file: number, line: number, column: number): never => {
        throw new Error(`as-sha256 aborted at ${line}:${column}`)
      },
    },
  })
  const sha256 = demangle<Sha256>(exports)
  const inputAddress = Number(sha256.input.value)
  const inputLength = Number(sha256.INPUT_LENGTH.value)
  const outputAddress = Number(sha256.output.value)
  sha256.init()
  for (let start = 0; start < message.length; start += inputLength) {
    const part = message.subarray(start, start + inputLength)
    new Uint8Array(sha256.memory.buffer).set(part, inputAddress)
    sha256.update(inputAddress, part.length)
  }
  sha256.final(outputAddress)
  return Buffer.from(sha256.memory.buffer, outputAddress, digestBytes).toString('hex')
}

export const asSha256: DemoModule = {
  name: 'as-sha256',
  toolChain: 'AssemblyScript (loader, demangle)',
  work: 'SHA-256 of 256 KiB',
  packageName,
  bytes: () => readPackageFile(`${packageName}/build/optimized.simd.wasm`),
  use,
}
