/**
 * WASI: Ruby's own glue, through the steps that it documents for those who make the instance themselves,
 * over a WASI written in JavaScript. The glue checks for a `WebAssembly.Instance`.
 */
import { File, OpenFile, PreopenDirectory, WASI } from '@bjorn3/browser_wasi_shim'
import { RubyVM } from '@ruby/wasm-wasi'
import type { DemoModule, Instantiate } from '../module.ts'
import { readPackageFile } from '../package-files.ts'

type WasiInstance = Parameters<WASI['initialize']>[0]

const packageName = '@ruby/3.4-wasm-wasi'
const finalizerExport = 'canonical_abi_drop_rb-abi-value'
const script = `
  text = "slots images affinity purge reset baseline snapshot instance " * 20
  counts = text.split.tally.sort_by { |word, count| [-count, word] }
  primes = (2..400).select { |n| (2..Integer.sqrt(n)).none? { |k| (n % k).zero? } }
  "#{counts.first(3)} #{primes.last(4)} #{(2 ** 200).to_s(36)} #{text.scan(/[aeiou]/).size}"
`

/**
 * The glue frees Ruby's values from finalizers, which run whenever the garbage collector likes: after the
 * use they must not call into an instance that has gone to somebody else. So its one finalizing export ends
 * with the use.
 */
function endFinalizersWith(instance: WebAssembly.Instance, owner: { ended: boolean }): WebAssembly.Instance {
  const drop = instance.exports[finalizerExport] as (value: number) => void
  const dropWhileInUse = (value: number): void => {
    if (!owner.ended) drop(value)
  }
  const exports = { ...instance.exports, [finalizerExport]: dropWhileInUse }
  return Object.create(WebAssembly.Instance.prototype, {
    exports: { value: exports },
  }) as WebAssembly.Instance
}

async function use(instantiate: Instantiate): Promise<string> {
  const thisUse = { ended: false }
  const streams = [new OpenFile(new File([])), new OpenFile(new File([])), new OpenFile(new File([]))]
  const wasi = new WASI([], [], [...streams, new PreopenDirectory('/', new Map())], {
    debug: false,
  })
  const vm = new RubyVM()
  const imports = { wasi_snapshot_preview1: wasi.wasiImport } as WebAssembly.Imports
  vm.addToImports(imports)
  const instance = endFinalizersWith(instantiate(imports), thisUse)
  try {
    await vm.setInstance(instance)
    wasi.initialize(instance as unknown as WasiInstance)
    vm.initialize(['ruby.wasm', '-EUTF-8', '--disable-gems', '-e_=0'])
    return vm.eval(script).toString()
  } finally {
    thisUse.ended = true
  }
}

export const ruby: DemoModule = {
  name: 'ruby',
  toolChain: 'WASI (RubyVM.setInstance)',
  work: 'start Ruby and run a script',
  packageName,
  bytes: () => readPackageFile(`${packageName}/dist/ruby.wasm`),
  use,
}
