/**
 * Emscripten with an imported memory: the glue takes the memory as `wasmMemory`, says its imports to
 * `instantiateWasm` in the synchronous part of its call, and is given the instance afterwards. The script
 * needs more memory than there is at first, so the glue grows it, through the memory object, while the
 * script runs. Its memory is bounded by the slot, not by the 2 GiB that the import declares.
 */
import { createRequire } from 'node:module'
import releaseSync from '@jitl/quickjs-wasmfile-release-sync'
import { newQuickJSWASMModuleFromVariant } from 'quickjs-emscripten-core'
import type { DemoModule, Instantiate } from '../module.ts'
import { readPackageFile } from '../package-files.ts'

type Receive = (instance: WebAssembly.Instance) => void
type Loader = (options: {
  wasmMemory: WebAssembly.Memory
  instantiateWasm(imports: WebAssembly.Imports, receive: Receive): object
}) => Promise<unknown>
type Variant = Parameters<typeof newQuickJSWASMModuleFromVariant>[0]

const packageName = '@jitl/quickjs-wasmfile-release-sync'
// The CommonJS build of the glue: the ES module build awaits an import before it says its imports.
const load = createRequire(import.meta.url)(`${packageName}/emscripten-module`) as Loader
const script = `
  const words = 'slots images affinity purge reset baseline snapshot instance'.split(' ')
  const primes = []
  for (let n = 2; primes.length < 150; n++) if (primes.every((prime) => n % prime)) primes.push(n)
  const scratch = new Uint8Array(16 * 2 ** 20).fill(7)
  JSON.stringify({ scratch: scratch.at(-1), primes: primes.slice(-5), words: words.sort(), big: (2n ** 200n).toString(36),
    matched: 'a1b22c333'.replace(/[0-9]+/g, (digits) => '<' + digits.length + '>') })
`

async function use(instantiate: Instantiate): Promise<string> {
  let loading: Promise<unknown> | undefined
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
  const emscriptenModule = await loading
  const variant = { ...releaseSync, importModuleLoader: async () => async () => emscriptenModule }
  const quickjs = await newQuickJSWASMModuleFromVariant(variant as unknown as Variant)
  const context = quickjs.newContext()
  try {
    return context.unwrapResult(context.evalCode(script)).consume((result) => context.getString(result))
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
