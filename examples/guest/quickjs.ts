/**
 * QuickJS as its npm packages bring it, with the glue loaded once for instances that come and go, one at a time: `serve` says which
 * one the glue works on. While there is none, the guest's functions do nothing, so that loading the glue initialises nobody.
 *
 * A runtime and a context are made in the guest once, when the glue asks for the first: they are in the snapshot, so the glue gets
 * the same addresses ever after.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import releaseSync from '@jitl/quickjs-wasmfile-release-sync'
import type { PooledInstance } from '@warmslot/engine'
import { newQuickJSWASMModuleFromVariant, type QuickJSWASMModule } from 'quickjs-emscripten-core'

type HostOrGuest = (...values: unknown[]) => number
type Namespace = Record<string, HostOrGuest>

interface Emscripten {
  _QTS_NewRuntime: HostOrGuest
  _QTS_NewContext: HostOrGuest
}
type Load = (options: {
  wasmMemory: object
  instantiateWasm(imports: { a: Namespace }, receive: (instance: object) => void): object
}) => Promise<Emscripten>

const packageName = '@jitl/quickjs-wasmfile-release-sync'
const load = createRequire(import.meta.url)(`${packageName}/emscripten-module`) as Load
// Emscripten's short names in this version of the package: the guest's constructors, and the import that answers its growth.
const [constructors, growHeap] = ['u', 'k']

export const quickjsBytes: Uint8Array<ArrayBuffer> = new Uint8Array(
  readFileSync(fileURLToPath(import.meta.resolve(`${packageName}/wasm`))),
)

let served: PooledInstance | undefined

const memory = {
  get buffer(): ArrayBuffer {
    return served?.memory?.buffer ?? new ArrayBuffer(0)
  },
  grow: (pages: number): number => (pages > 0 ? served!.memory!.grow(pages) : 0),
}
const exports = new Proxy({} as Namespace, {
  get(_target, name: string): HostOrGuest | undefined {
    // The glue resolves a promise with them, which asks for this.
    if (name === 'then') return undefined
    return (...values) => (served === undefined ? 0 : (served.exports[name] as HostOrGuest)(...values))
  },
})

let glueImports: Namespace = {}
const emscripten = await load({
  wasmMemory: memory,
  instantiateWasm(imports, receive) {
    // The memory among them is left out below: it comes from the pool.
    glueImports = imports.a
    receive({ exports })
    return {}
  },
})
export const quickjsImports: WebAssembly.Imports = { a: { ...glueImports, a: undefined as never } }

let runtime = 0
let context = 0
const { _QTS_NewRuntime: newRuntime, _QTS_NewContext: newContext } = emscripten
emscripten._QTS_NewRuntime = () => (runtime ||= newRuntime())
emscripten._QTS_NewContext = (...values) => (context ||= newContext(...values))

export const quickjs: QuickJSWASMModule = await newQuickJSWASMModuleFromVariant({
  ...releaseSync,
  importModuleLoader: async () => async () => emscripten,
} as never)

/** From here on the glue works on `instance`. */
export function serve(instance: PooledInstance): void {
  served = instance
  // The glue makes its views of the memory anew when the guest has grown, here by nothing.
  glueImports[growHeap]!(0)
}

/** What Emscripten's glue does with an instance of its own: runs the constructors. The context is made thereafter. */
export function initialise(instance: PooledInstance): void {
  serve(instance)
  ;(instance.exports[constructors] as () => void)()
}

/** The address of the 64 bits that `Math.random` starts from: in the context, where the time is at which it was made, in microseconds. */
export function seedAddress(instance: PooledInstance, madeSinceMs: number): number {
  const bytes = Buffer.from(instance.read(context, 2048))
  for (let place = 0; place < bytes.byteLength; place += 8) {
    const valueMs = Number(bytes.readBigUInt64LE(place)) / 1000
    if (valueMs >= madeSinceMs && valueMs <= Date.now()) return context + place
  }
  throw new TypeError('no seed was found')
}
