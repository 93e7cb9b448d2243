/**
 * Rust through wasm-bindgen, target web: `initSync({ module })` takes a compiled module and calls
 * `new WebAssembly.Instance` itself, so the constructor is ours for the length of that synchronous call.
 */
import { emptyModule, withInstanceConstructor } from '@warmslot/engine'
import type { DemoModule, Instantiate } from '../module.ts'
import { evaluateEsModule, readPackageFile } from '../package-files.ts'

interface Workspace {
  check(contents: string): { code: string | null; message: string; start_location: { row: number } }[]
  format(contents: string): string
  free(): void
}

interface Glue {
  initSync(options: { module: WebAssembly.Module }): unknown
  readonly Workspace: new (settings: object, positionEncoding: number) => Workspace
}

const packageName = '@astral-sh/ruff-wasm-web'
const utf16 = 1
const block = `
import os, sys
import json
def area ( width,height = 2 ):
    result={ 'width':width , "height":height,'label':f"{ width }x{height}" }
    if result["width"]==None: return  undefined_name
    unused = [ n*n for n in range( 10 ) if n%2==0 ]
    return result['width']*result['height']
`
const source = block.repeat(6)

async function use(instantiate: Instantiate): Promise<string> {
  const glue = await evaluateEsModule<Glue>(packageName)
  withInstanceConstructor(instantiate, () => glue.initSync({ module: emptyModule() }))
  const workspace = new glue.Workspace({ 'line-length': 88, lint: { select: ['E', 'F', 'I'] } }, utf16)
  try {
    const diagnostics = workspace
      .check(source)
      .map((found) => `${found.start_location.row}: ${found.code} ${found.message}`)
    return [workspace.format(source), ...diagnostics].join('\n')
  } finally {
    // Frees its memory now: a finalizer would call into an instance that is no longer this use's.
    workspace.free()
  }
}

export const ruff: DemoModule = {
  name: 'ruff',
  toolChain: 'Rust, wasm-bindgen (initSync)',
  work: 'lint and format Python',
  packageName,
  bytes: () => readPackageFile(`${packageName}/ruff_wasm_bg.wasm`),
  use,
}
