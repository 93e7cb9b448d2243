/**
 * The package's `evalCode` and `getString` with nothing around them, over the guest's functions that they call: the package's objects
 * for a runtime, a context and each value cost a use more than a small script does. They are made for errors alone, which the
 * package words.
 */
import type { QuickJSContext, QuickJSHandle, QuickJSWASMModule } from 'quickjs-emscripten-core'
import type { EmscriptenModule } from '../modules/quickjs.ts'

/** What the initialisation has made in the guest, by address; all of it is in the snapshot. */
export interface Addresses {
  readonly runtime: number
  readonly context: number
  /** Room for a script. */
  readonly input: number
  readonly fileName: number
}

export const inputBytes = 4096
/** As `evalCode` has it. */
const fileName = 'eval.js\0'
const [detectModule, noFlags] = [1, 0]
const encoder = new TextEncoder()

/** Parts of the package's context that are not in its types. */
interface ContextParts {
  readonly memory: { heapValueHandle(address: number): QuickJSHandle }
  fail(error: QuickJSHandle): ReturnType<QuickJSContext['evalCode']>
}

/** Makes what {@link Evaluation} needs beside a runtime and a context. */
export function furnish(emscripten: EmscriptenModule): Pick<Addresses, 'input' | 'fileName'> {
  const made = { input: emscripten._malloc(inputBytes), fileName: emscripten._malloc(fileName.length) }
  encoder.encodeInto(fileName, emscripten.HEAPU8.subarray(made.fileName))
  return made
}

/** The evaluations of one use. */
export class Evaluation {
  readonly #emscripten: EmscriptenModule
  readonly #core: QuickJSWASMModule
  readonly #addresses: Addresses
  /** The last result and its text, which the next evaluation frees: most uses have none. */
  #value = 0
  #text = 0
  #context: QuickJSContext | undefined

  constructor(emscripten: EmscriptenModule, core: QuickJSWASMModule, addresses: Addresses) {
    this.#emscripten = emscripten
    this.#core = core
    this.#addresses = addresses
  }

  /** @throws QuickJSUnwrapError what the script throws */
  evaluate(script: string): string {
    const { context } = this.#addresses
    const emscripten = this.#emscripten
    this.#freeLast()
    const value = this.#evaluate(script)
    const error = emscripten._QTS_ResolveException(context, value)
    if (error !== 0) {
      emscripten._QTS_FreeValuePointer(context, value)
      this.#throw(error)
    }
    this.#value = value
    this.#text = emscripten._QTS_GetString(context, value)
    return emscripten.UTF8ToString(this.#text)
  }

  #evaluate(script: string): number {
    const { context, input, fileName: name } = this.#addresses
    const emscripten = this.#emscripten
    // A character takes up to 3 bytes; the guest reads a 0 behind the last.
    const mostBytes = script.length * 3 + 1
    const address = mostBytes > inputBytes ? emscripten._malloc(mostBytes) : input
    const memory = emscripten.HEAPU8
    const { written } = encoder.encodeInto(script, memory.subarray(address, address + mostBytes - 1))
    memory[address + written] = 0
    const value = emscripten._QTS_Eval(context, address, written, name, detectModule, noFlags)
    if (address !== input) emscripten._free(address)
    return value
  }

  #freeLast(): void {
    if (this.#value === 0) return
    const { context } = this.#addresses
    this.#emscripten._QTS_FreeCString(context, this.#text)
    this.#emscripten._QTS_FreeValuePointer(context, this.#value)
    this.#value = 0
  }

  #throw(error: number): never {
    this.#context ??= this.#core.newContext()
    const { memory } = this.#context as unknown as ContextParts
    const failed = (this.#context as unknown as ContextParts).fail(memory.heapValueHandle(error))
    return this.#context.unwrapResult(failed) as never
  }
}
