/**
 * wasm-bindgen's glue, target web, for the length of one use: `initSync({ module })` takes a compiled module and calls
 * `new WebAssembly.Instance` itself, so the constructor is ours for the length of that synchronous call.
 *
 * The glue has nothing that makes it let go of its instance, and Node.js never forgets an ES module. So it is given
 * a copy of the exports, which is emptied after the use. What it still holds is its view of the memory: natively some
 * mebibytes a use, in the pool nothing, since views are detached there.
 */
import { emptyModule, withInstanceConstructor } from '@warmslot/engine'
import type { Instantiate } from './module.ts'
import { evaluateEsModule } from './package-files.ts'

interface WebGlue {
  initSync(options: { module: WebAssembly.Module }): unknown
}

/**
 * Evaluates the package anew, puts an instance under it, and lets `work` use it.
 *
 * `work` must free what it made of the guest's classes: a finalizer would call into an instance that is gone.
 */
export async function withWebGlue<Glue, Result>(
  packageName: string,
  instantiate: Instantiate,
  work: (glue: Glue) => Result,
): Promise<Result> {
  const glue = await evaluateEsModule<Glue & WebGlue>(packageName)
  let exports: Record<string, WebAssembly.ExportValue> = {}
  const instantiateForNow = (imports: WebAssembly.Imports): object => {
    exports = { ...instantiate(imports).exports }
    return { exports }
  }
  withInstanceConstructor(instantiateForNow, () => glue.initSync({ module: emptyModule() }))
  try {
    return work(glue)
  } finally {
    for (const name of Object.keys(exports)) delete exports[name]
  }
}
