/** Rust through wasm-bindgen, target web: how its `initSync` is given an instance is in `web-glue.ts`. */
import type { DemoModule, Instantiate } from '../module.ts'
import { readPackageFile } from '../package-files.ts'
import { withWebGlue } from '../web-glue.ts'

interface Workspace {
  check(contents: string): { code: string | null; message: string; start_location: { row: number } }[]
  format(contents: string): string
  free(): void
}

interface Glue {
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

function use(instantiate: Instantiate): Promise<string> {
  return withWebGlue(packageName, instantiate, (glue: Glue) => {
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
  })
}

export const ruff: DemoModule = {
  name: 'ruff',
  toolChain: 'Rust, wasm-bindgen (initSync)',
  work: 'lint and format Python',
  packageName,
  bytes: () => readPackageFile(`${packageName}/ruff_wasm_bg.wasm`),
  use,
}
