/**
 * Emscripten with an imported memory: the glue takes the memory as `wasmMemory`, says its imports to
 * `instantiateWasm` in the synchronous part of its call, and is given the instance afterwards. The script
 * needs more memory than there is at first, so the glue grows it, through the memory object, while the
 * script runs. Its memory is bounded by the slot, not by the 2 GiB that the import declares.
 */
import { createRequire } from 'node:module'
import releaseSync from '@jitl/quickjs-wasmfile-release-sync'
import type { QuickJSContext, QuickJSWASMModule } from 'quickjs-emscripten-core'
import { newQuickJSWASMModuleFromVariant } from 'quickjs-emscripten-core'
import type { DemoModule, Instantiate } from '../module.ts'
import { readPackageFile } from '../package-files.ts'

/** Emscripten's part of the glue, as far as the demo uses it: the memory, and functions of the guest, which take addresses. */
export interface EmscriptenModule {
  readonly HEAPU8: Uint8Array
  _malloc(bytes: number): number
  _free(address: number): void
  UTF8ToString(address: number): string
  _QTS_NewRuntime(): number
  _QTS_NewContext(runtime: number, intrinsics: number): number
  _QTS_Eval(
    context: number,
    script: number,
    bytes: number,
    fileName: number,
    detectModule: number,
    flags: number,
  ): number
  /** The error that `value` stands for, or 0. */
  _QTS_ResolveException(context: number, value: number): number
  _QTS_GetString(context: number, value: number): number
  _QTS_FreeCString(context: number, text: number): void
  _QTS_FreeValuePointer(context: number, value: number): void
}

type Receive = (instance: WebAssembly.Instance) => void
type Loader = (options: {
  wasmMemory: WebAssembly.Memory
  instantiateWasm(imports: WebAssembly.Imports, receive: Receive): object
}) => Promise<EmscriptenModule>
type Variant = Parameters<typeof newQuickJSWASMModuleFromVariant>[0]

const packageName = '@jitl/quickjs-wasmfile-release-sync'
// The CommonJS build of the glue: the ES module build awaits an import before it says its imports.
const load = createRequire(import.meta.url)(`${packageName}/emscripten-module`) as Loader
/** The work of one use. */
export const script: string = `
  const words = 'slots images affinity purge reset baseline snapshot instance'.split(' ')
  const primes = []
  for (let n = 2; primes.length < 150; n++) if (primes.every((prime) => n % prime)) primes.push(n)
  const scratch = new Uint8Array(16 * 2 ** 20).fill(7)
  JSON.stringify({ scratch: scratch.at(-1), primes: primes.slice(-5), words: words.sort(), big: (2n ** 200n).toString(36),
    matched: 'a1b22c333'.replace(/[0-9]+/g, (digits) => '<' + digits.length + '>') })
`

/** Emscripten's part of the glue, on an instance that `instantiate` makes. */
export async function loadEmscripten(instantiate: Instantiate): Promise<EmscriptenModule> {
  let loading: Promise<EmscriptenModule> | undefined
  let receiveInstance: Receive | undefined
  const instance = instantiate((memory) => {
    let said: WebAssembly.Imports | undefined
    loading = load({
      wasmMemory: memory,
      instantiateWasm(imports, receive) {
        said = imports
        receiveInstance = receive
        return {}
      },
    })
    if (said === undefined) throw new TypeError('the glue did not say its imports synchronously')
    return said
  })
  receiveInstance?.(instance)
  return loading!
}

/** The package's own part of the glue, over Emscripten's. */
export function loadQuickjs(emscripten: EmscriptenModule): Promise<QuickJSWASMModule> {
  const variant = { ...releaseSync, importModuleLoader: async () => async () => emscripten }
  return newQuickJSWASMModuleFromVariant(variant as unknown as Variant)
}

/** Runs a script, and gives its result as text. */
export function evaluate(context: QuickJSContext, source: string): string {
  return context.unwrapResult(context.evalCode(source)).consume((result) => context.getString(result))
}

/** An interpreter on a new instance. */
export async function startQuickjs(instantiate: Instantiate): Promise<QuickJSContext> {
  return (await loadQuickjs(await loadEmscripten(instantiate))).newContext()
}

async function use(instantiate: Instantiate): Promise<string> {
  const context = await startQuickjs(instantiate)
  try {
    return evaluate(context, script)
  } finally {
    context.dispose()
  }
}

export const quickjs: DemoModule = {
  name: 'quickjs',
  toolChain: 'Emscripten, imported memory (wasmMemory)',
  work: 'run a script in an interpreter',
  packageName,
  importedMemory: { module: 'a', name: 'a', initialPages: 256, maximumPages: 32_768 },
  bytes: () => readPackageFile(`${packageName}/wasm`),
  use,
}
