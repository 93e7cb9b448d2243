/** Why a module cannot be used, in plain words. */
import { UnsupportedModuleError } from '@warmslot/engine'
import { HostError } from '../../errors/host-error.ts'
import type { Refusal } from './inspection.ts'

/** `\0asm`, and the version of core modules and of components. Source: core specification 5.5.16, Component Model binary format. */
const magic = [0, 0x61, 0x73, 0x6d]
const componentVersion = [0x0d, 0, 1, 0]

/** What can be said without compiling; undefined: it may be a module. */
export function refusalOfBytes(bytes: Uint8Array): Refusal | undefined {
  const code = 'WARMSLOT_UNUSABLE_MODULE'
  if (magic.some((byte, index) => bytes[index] !== byte)) {
    const isText = /^\s*\(module/.test(Buffer.from(bytes.subarray(0, 200)).toString('latin1'))
    const advice = isText
      ? 'It is WebAssembly text: assemble it first, with wat2wasm for one.'
      : 'A module begins with the four bytes "\\0asm".'
    return { code, message: `This is no WebAssembly module. ${advice}` }
  }
  if (componentVersion.every((byte, index) => bytes[4 + index] === byte))
    return {
      code,
      message: 'This is a component. Only core modules run here: build for the target wasm32-wasip1.',
    }
  return undefined
}

/** @param error what the engine, or the host's own checks, threw @throws the error, where it is no refusal */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof WebAssembly.CompileError) {
    const reason = error.message.replace(/^WebAssembly\.\w+\(\): /, '')
    return {
      code: 'WARMSLOT_UNUSABLE_MODULE',
      message: `V8 does not accept it: ${reason}. Was it cut off, or is it built for newer features than Node.js ${process.version} has?`,
    }
  }
  if (UnsupportedModuleError.isInstance(error)) return { code: error.code, message: error.message }
  if (HostError.isInstance(error)) return { code: error.code, message: error.message }
  if (error instanceof WebAssembly.LinkError || error instanceof WebAssembly.RuntimeError)
    return { code: 'WARMSLOT_UNUSABLE_MODULE', message: `It cannot be instantiated: ${error.message}.` }
  throw error
}
