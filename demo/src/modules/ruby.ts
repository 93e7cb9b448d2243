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
/** The work of one use. */
export const script: string = `
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

/** The glue of one use: Ruby's own, and a WASI with empty streams and an empty root folder. */
export class RubyGlue {
  readonly vm: RubyVM = new RubyVM()
  readonly imports: WebAssembly.Imports
  readonly #wasi: WASI
  readonly #use = { ended: false }

  constructor() {
    const streams = [new OpenFile(new File([])), new OpenFile(new File([])), new OpenFile(new File([]))]
    this.#wasi = new WASI([], [], [...streams, new PreopenDirectory('/', new Map())], { debug: false })
    this.imports = { wasi_snapshot_preview1: this.#wasi.wasiImport } as WebAssembly.Imports
    this.vm.addToImports(this.imports)
  }

  /** The files that are open beside the streams and the root folder, as the guest knows them. */
  get openFiles(): number {
    return this.#wasi.fds.slice(4).filter((file) => file !== undefined).length
  }

  /** Takes an instance whose initialisation is behind it. */
  async attach(instance: WebAssembly.Instance): Promise<void> {
    const ending = endFinalizersWith(instance, this.#use)
    this.#wasi.inst = ending as unknown as WasiInstance
    await this.vm.setInstance(ending)
  }

  /** Takes a new instance, and initialises it. */
  async initialise(instance: WebAssembly.Instance): Promise<void> {
    await this.attach(instance)
    this.#wasi.initialize(this.#wasi.inst as WasiInstance)
    this.vm.initialize(['ruby.wasm', '-EUTF-8', '--disable-gems', '-e_=0'])
  }

  /** From here on no finalizer of this glue calls into the instance. */
  end(): void {
    this.#use.ended = true
  }
}

/** An interpreter on a new instance. */
export async function startRuby(instantiate: Instantiate): Promise<RubyGlue> {
  const glue = new RubyGlue()
  await glue.initialise(instantiate(glue.imports))
  return glue
}

async function use(instantiate: Instantiate): Promise<string> {
  const glue = await startRuby(instantiate)
  try {
    return glue.vm.eval(script).toString()
  } finally {
    glue.end()
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
