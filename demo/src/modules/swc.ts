/**
 * Rust through wasm-bindgen, target web: a compiler of 17 MiB. What its glue holds for the guest is in an array of
 * its own, and not in a table.
 */
import type { DemoModule, Instantiate } from '../module.ts'
import { readPackageFile } from '../package-files.ts'
import { withWebGlue } from '../web-glue.ts'

interface Glue {
  transformSync(code: string, options: object): { code: string }
}

const packageName = '@swc/wasm-web'
const block = `
enum Colour { Red, Green = 'green' }
export abstract class Gauge<T extends { id: number }> {
  #items: Map<number, T> = new Map()
  protected constructor(private readonly label: string = 'items') {}
  add(item: T): this { this.#items.set(item.id, item); return this }
  get size(): number { return this.#items?.size ?? 0 }
}
export function GaugeView({ names, ...rest }: { names: readonly string[]; title?: string }) {
  return <ul className={Colour.Green} {...rest}>{names.map((name) => <li key={name}>{name!}</li>)}</ul>
}
`
const source = Array.from({ length: 4 }, (_, index) =>
  block.replaceAll(/Colour|Gauge(?:View)?/g, (name) => `${name}${index}`),
).join('')
const options = {
  filename: 'demo.tsx',
  configFile: false,
  swcrc: false,
  isModule: true,
  minify: true,
  jsc: {
    parser: { syntax: 'typescript', tsx: true },
    target: 'es2019',
    transform: { react: { runtime: 'automatic' } },
    minify: { compress: true, mangle: true },
  },
}

function use(instantiate: Instantiate): Promise<string> {
  return withWebGlue(packageName, instantiate, (glue: Glue) => glue.transformSync(source, options).code)
}

export const swc: DemoModule = {
  name: 'swc',
  toolChain: 'Rust, wasm-bindgen (initSync)',
  work: 'compile and minify TypeScript with JSX',
  packageName,
  bytes: () => readPackageFile(`${packageName}/wasm_bg.wasm`),
  use,
}
