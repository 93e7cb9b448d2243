/**
 * Rust through wasm-bindgen, target bundler: its glue exports `__wbg_set_wasm`, which takes the exports of
 * an instance, and is itself the object that the instance imports. Its `externref` table is grown by
 * `__wbindgen_start`.
 */
import type { DemoModule, Instantiate } from '../module.ts'
import { evaluateEsModule, readPackageFile } from '../package-files.ts'

interface Glue {
  __wbg_set_wasm(exports: WebAssembly.Exports | undefined): void
  format(text: string, config: { max_width: number; reorder_import_items: boolean }): string
}

const packageName = '@typstyle/typstyle-wasm-bundler'
const paragraph = `= Slots
#import "lib.typ": zeta,alpha,   mid
#let   row(n,squared:false)=if squared{n*n}else{   n   }
#figure(table(columns:3,[a],[b],[c],..range(12).map(n=>[#row(n,squared:true)])),caption:[Squares of small   numbers])
$ sum_(k=1)^n k=(n(n+1))/2 $
`
const source = paragraph.repeat(8)

async function use(instantiate: Instantiate): Promise<string> {
  const glue = await evaluateEsModule<Glue>(`${packageName}/typstyle_wasm_bg.js`)
  const { exports } = instantiate({ './typstyle_wasm_bg.js': { ...glue } as WebAssembly.ModuleImports })
  glue.__wbg_set_wasm(exports)
  const start = exports['__wbindgen_start'] as () => void
  start()
  try {
    return glue.format(source, { max_width: 72, reorder_import_items: true })
  } finally {
    glue.__wbg_set_wasm(undefined)
  }
}

export const typstyle: DemoModule = {
  name: 'typstyle',
  toolChain: 'Rust, wasm-bindgen (__wbg_set_wasm)',
  work: 'format a Typst document',
  packageName,
  bytes: () => readPackageFile(`${packageName}/typstyle_wasm_bg.wasm`),
  use,
}
