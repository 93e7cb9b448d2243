/**
 * Go: a command, run by Go's own `wasm_exec`, whose `run(instance)` is the hook. It checks that it is given a
 * `WebAssembly.Instance`. Its goroutines run on the event loop, so the instance is in use across turns of it.
 */
import { takeGoClass, withGlobals } from '../go-glue.ts'
import type { DemoModule, Instantiate } from '../module.ts'
import { readPackageFile } from '../package-files.ts'
import { StandardStreams } from '../standard-streams.ts'

const packageName = 'esbuild-wasm'
const Go = takeGoClass(`${packageName}/wasm_exec.js`)
const block = `
enum Colour { Red, Green = 'green' }
export class Counter<T extends { id: number }> {
  #items: Map<number, T> = new Map()
  constructor(private readonly label: string = 'items') {}
  add(item: T): this { this.#items.set(item.id, item); return this }
  get size(): number { return this.#items?.size ?? 0 }
  async *each(): AsyncGenerator<T> { for (const item of this.#items.values()) yield item }
}
`
const source = Array.from({ length: 10 }, (_, index) =>
  block.replaceAll(/Colour|Counter/g, (name) => `${name}${index}`),
).join('')

async function use(instantiate: Instantiate): Promise<string> {
  const go = new Go()
  let exitCode: number | undefined
  go.argv = ['esbuild', '--loader=ts', '--minify', '--target=es2019', '--log-level=error']
  go.env = { NO_COLOR: '1' }
  go.exit = (code) => {
    exitCode = code
  }
  const instance = instantiate(go.importObject)
  const fs = new StandardStreams(source)
  // The program looks the file system up while it initialises, which is in the synchronous part of the call.
  await withGlobals({ fs }, () => go.run(instance))
  if (exitCode !== 0) throw new Error(`esbuild exited with ${exitCode}: ${fs.output}`)
  return fs.output
}

export const esbuild: DemoModule = {
  name: 'esbuild',
  toolChain: 'Go (wasm_exec, Go.run)',
  work: 'compile and minify TypeScript',
  packageName,
  bytes: () => readPackageFile(`${packageName}/esbuild.wasm`),
  use,
}
