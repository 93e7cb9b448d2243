/**
 * Work that keeps one instance of a published module busy for some milliseconds a turn, with its published glue: what
 * computing costs, where the demo's uses also pay for the instance and the glue.
 */
import { createRequire } from 'node:module'
import { demangle } from '@assemblyscript/loader'
import { emptyModule, withInstanceConstructor } from '@warmslot/engine'
import { File, OpenFile, PreopenDirectory, WASI } from '@bjorn3/browser_wasi_shim'
import releaseSync from '@jitl/quickjs-wasmfile-release-sync'
import { RubyVM } from '@ruby/wasm-wasi'
import { newQuickJSWASMModuleFromVariant } from 'quickjs-emscripten-core'
import type { DemoModule, Instantiate } from './module.ts'
import { asSha256 } from './modules/as-sha256.ts'
import { quickjs } from './modules/quickjs.ts'
import { ruby } from './modules/ruby.ts'
import { ruff } from './modules/ruff.ts'
import { sqlite } from './modules/sqlite.ts'
import { typstyle } from './modules/typstyle.ts'
import { evaluateCommonJs, evaluateEsModule } from './package-files.ts'

/** One turn of work; returns the same text each time. */
export type Turn = () => string

export interface LongWork {
  readonly demo: DemoModule
  readonly work: string
  /** Makes the one instance. */
  prepare(instantiate: Instantiate): Promise<Turn>
}

interface Sha256 {
  readonly memory: WebAssembly.Memory
  readonly input: WebAssembly.Global
  readonly output: WebAssembly.Global
  init(): void
  update(address: number, length: number): void
  final(address: number): void
}

async function prepareSha256(instantiate: Instantiate): Promise<Turn> {
  const { exports } = instantiate({ env: { abort: () => undefined } })
  const sha256 = demangle(exports) as unknown as Sha256
  const [input, output] = [Number(sha256.input.value), Number(sha256.output.value)]
  const inputBytes = 512
  new Uint8Array(sha256.memory.buffer).fill(7, input, input + inputBytes)
  return () => {
    sha256.init()
    for (let part = 0; part < 512; part += 1) sha256.update(input, inputBytes)
    sha256.final(output)
    return Buffer.from(sha256.memory.buffer, output, 32).toString('hex')
  }
}

interface TypstyleGlue {
  __wbg_set_wasm(exports: WebAssembly.Exports): void
  format(text: string, config: { max_width: number; reorder_import_items: boolean }): string
}

const typst = `#figure(table(columns:3,[a],[b],..range(12).map(n=>[#row(n,squared:true)])),caption:[Small   numbers])\n`

async function prepareTypstyle(instantiate: Instantiate): Promise<Turn> {
  const glue = await evaluateEsModule<TypstyleGlue>('@typstyle/typstyle-wasm-bundler/typstyle_wasm_bg.js')
  const { exports } = instantiate({ './typstyle_wasm_bg.js': { ...glue } as WebAssembly.ModuleImports })
  glue.__wbg_set_wasm(exports)
  ;(exports['__wbindgen_start'] as () => void)()
  return () => glue.format(typst.repeat(40), { max_width: 72, reorder_import_items: true })
}

type Receive = (instance: WebAssembly.Instance) => void
type QuickjsLoader = (options: {
  wasmMemory: WebAssembly.Memory
  instantiateWasm(imports: WebAssembly.Imports, receive: Receive): object
}) => Promise<unknown>

const javascript = `
  const primes = []
  for (let n = 2; primes.length < 400; n++) if (primes.every((prime) => n % prime)) primes.push(n)
  const words = Array.from({ length: 300 }, (_, index) => 'word' + ((index * 7919) % 1000)).sort()
  JSON.stringify({ last: primes.at(-1), words: words.slice(0, 3), big: (3n ** 300n).toString(36).length })
`

async function prepareQuickjs(instantiate: Instantiate): Promise<Turn> {
  const load = createRequire(import.meta.url)(`${quickjs.packageName}/emscripten-module`) as QuickjsLoader
  let loading: Promise<unknown> | undefined
  let receive: Receive | undefined
  const instance = instantiate((wasmMemory) => {
    let said: WebAssembly.Imports = {}
    loading = load({
      wasmMemory,
      instantiateWasm(imports, receiveInstance) {
        said = imports
        receive = receiveInstance
        return {}
      },
    })
    return said
  })
  receive?.(instance)
  const module = await loading
  const variant = { ...releaseSync, importModuleLoader: async () => async () => module }
  const context = (await newQuickJSWASMModuleFromVariant(variant as never)).newContext()
  return () =>
    context.unwrapResult(context.evalCode(`{${javascript}}`)).consume((text) => context.getString(text))
}

interface Database {
  exec(statement: string): { values: unknown[][] }[]
}
type InitSqlJs = (options: {
  instantiateWasm(imports: WebAssembly.Imports, receive: Receive): object
}) => Promise<{ Database: new () => Database }>

async function prepareSqlite(instantiate: Instantiate): Promise<Turn> {
  const initSqlJs = evaluateCommonJs('sql.js/dist/sql-wasm.js') as InitSqlJs
  const { Database } = await initSqlJs({
    instantiateWasm(imports, receive) {
      const instance = instantiate(imports)
      receive(instance)
      return instance.exports
    },
  })
  const database = new Database()
  const query = `with recursive n(i) as (select 1 union all select i + 1 from n where i < 8000)
    select i % 7 as rest, count(*), sum(i * i % 101), max('town ' || i) from n group by rest order by 3 desc`
  return () => JSON.stringify(database.exec(query))
}

interface RuffGlue {
  initSync(options: { module: WebAssembly.Module }): unknown
  readonly Workspace: new (
    settings: object,
    positionEncoding: number,
  ) => {
    check(contents: string): { code: string | null }[]
    format(contents: string): string
  }
}

const python = `
import os, sys
def area ( width,height = 2 ):
    result={ 'width':width , "height":height,'label':f"{ width }x{height}" }
    if result["width"]==None: return  undefined_name
    return [ n*n for n in range( 10 ) if n%2==0 ]
`

async function prepareRuff(instantiate: Instantiate): Promise<Turn> {
  const glue = await evaluateEsModule<RuffGlue>(ruff.packageName)
  withInstanceConstructor(instantiate, () => glue.initSync({ module: emptyModule() }))
  const workspace = new glue.Workspace({ lint: { select: ['E', 'F', 'I'] } }, 1)
  const text = python.repeat(20)
  return () => `${workspace.format(text).length} ${workspace.check(text).length}`
}

const rubyScript = `
  primes = (2..3000).select { |n| (2..Integer.sqrt(n)).none? { |k| (n % k).zero? } }
  text = "slots images affinity purge reset " * 50
  "#{primes.last} #{text.split.tally.size} #{text.scan(/[aeiou]/).size} #{(2 ** 500).to_s(36).size}"
`

async function prepareRuby(instantiate: Instantiate): Promise<Turn> {
  const streams = [new OpenFile(new File([])), new OpenFile(new File([])), new OpenFile(new File([]))]
  const wasi = new WASI([], [], [...streams, new PreopenDirectory('/', new Map())], { debug: false })
  const vm = new RubyVM()
  const imports = { wasi_snapshot_preview1: wasi.wasiImport } as WebAssembly.Imports
  vm.addToImports(imports)
  const instance = instantiate(imports)
  await vm.setInstance(instance)
  wasi.initialize(instance as never)
  vm.initialize(['ruby.wasm', '-EUTF-8', '--disable-gems', '-e_=0'])
  return () => vm.eval(rubyScript).toString()
}

export const longWork: readonly LongWork[] = [
  { demo: asSha256, work: 'SHA-256 of 256 KiB', prepare: prepareSha256 },
  { demo: typstyle, work: 'format a Typst document', prepare: prepareTypstyle },
  { demo: quickjs, work: 'run a script in an interpreter', prepare: prepareQuickjs },
  { demo: sqlite, work: 'query a recursive table of 8,000 rows', prepare: prepareSqlite },
  { demo: ruff, work: 'lint and format Python', prepare: prepareRuff },
  { demo: ruby, work: 'run a Ruby script', prepare: prepareRuby },
]
