/**
 * Rust through wasm-bindgen, target web: a formatter and linter of 33 MiB, the largest module here. What its glue
 * holds for the guest is in an `externref` table, which `initSync` makes ready through `__wbindgen_start`.
 */
import type { DemoModule, Instantiate } from '../module.ts'
import { readPackageFile } from '../package-files.ts'
import { withWebGlue } from '../web-glue.ts'

interface File {
  readonly projectKey: number
  readonly path: string
}

interface Diagnostic {
  readonly category?: string
  readonly description: string
  readonly location: { readonly span?: readonly [number, number] }
}

interface Workspace {
  openProject(project: { path: string; openUninitialized: boolean }): { projectKey: number }
  openFile(file: File & { content: { type: 'fromClient'; content: string; version: number } }): unknown
  formatFile(file: File): { code: string }
  pullDiagnostics(file: File & { categories: readonly 'lint'[] }): { diagnostics: readonly Diagnostic[] }
  free(): void
}

interface Glue {
  readonly Workspace: new () => Workspace
}

const packageName = '@biomejs/wasm-web'
const block = `
var  area=function( width,height = 2 ){
  const result={ 'width':width , "height":height,label:\`\${ width }x\${height}\` }
  if( result.width==null ) { debugger; return }
  for(let n=0;n<10;n++) if (n%2===0) result[ 'even' ]=n
  return result['width']*result["height"]; var unused = [ ,1 ]
}
`
const source = block.repeat(6)

function formatAndLint(workspace: Workspace): string {
  const { projectKey } = workspace.openProject({ path: '/', openUninitialized: true })
  const file = { projectKey, path: '/demo.js' }
  workspace.openFile({ ...file, content: { type: 'fromClient', content: source, version: 0 } })
  const { diagnostics } = workspace.pullDiagnostics({ ...file, categories: ['lint'] })
  const lines = diagnostics.map(({ category, description, location }) => {
    return `${location.span?.join('-')}: ${category} ${description}`
  })
  return [workspace.formatFile(file).code, ...lines].join('\n')
}

function use(instantiate: Instantiate): Promise<string> {
  return withWebGlue(packageName, instantiate, (glue: Glue) => {
    const workspace = new glue.Workspace()
    try {
      return formatAndLint(workspace)
    } finally {
      workspace.free()
    }
  })
}

export const biome: DemoModule = {
  name: 'biome',
  toolChain: 'Rust, wasm-bindgen (initSync)',
  work: 'lint and format JavaScript',
  packageName,
  bytes: () => readPackageFile(`${packageName}/biome_wasm_bg.wasm`),
  use,
}
