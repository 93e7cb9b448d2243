/**
 * Rust through wasm-bindgen, with glue of the package's own around it: `initWasm(module)` hands the module to
 * `WebAssembly.instantiate`, after an `await`, so that function answers for this one module until it is initialised.
 * The glue can be initialised once, so each use evaluates it anew.
 */
import { createHash } from 'node:crypto'
import { emptyModule } from '@warmslot/engine'
import type { DemoModule, Instantiate } from '../module.ts'
import { evaluateCommonJs, readPackageFile } from '../package-files.ts'

interface RenderedImage {
  readonly width: number
  readonly height: number
  asPng(): Uint8Array
  free(): void
}

interface Glue {
  initWasm(module: WebAssembly.Module): Promise<void>
  readonly Resvg: new (
    svg: string,
    options: { fitTo: { mode: 'width'; value: number }; background: string },
  ) => { render(): RenderedImage; free(): void }
}

const packageName = '@resvg/resvg-wasm'
// No text: it would need fonts.
const petals = Array.from({ length: 12 }, (_, index) => {
  return `<use href="#petal" transform="rotate(${index * 30} 60 60)" opacity="${0.4 + index / 20}"/>`
})
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 120">
  <defs>
    <linearGradient id="fade" x2="0" y2="1"><stop stop-color="#f60"/><stop offset="1" stop-color="#06f"/></linearGradient>
    <path id="petal" d="M60 60C40 40 48 12 60 4C72 12 80 40 60 60Z" fill="url(#fade)" stroke="#222" stroke-width=".6"/>
    <filter id="soft"><feGaussianBlur stdDeviation="1.5"/></filter>
  </defs>
  <circle cx="60" cy="62" r="50" fill="#0003" filter="url(#soft)"/>
  ${petals.join('\n  ')}
</svg>`

async function initialise({ initWasm }: Glue, instantiate: Instantiate): Promise<void> {
  const native = WebAssembly.instantiate
  const placeholder = emptyModule()
  const answer = async (source: unknown, imports: WebAssembly.Imports = {}): Promise<object> =>
    source === placeholder ? instantiate(imports) : native(source as WebAssembly.Module, imports)
  WebAssembly.instantiate = answer as typeof native
  try {
    await initWasm(placeholder)
  } finally {
    WebAssembly.instantiate = native
  }
}

async function use(instantiate: Instantiate): Promise<string> {
  const glue = evaluateCommonJs(packageName) as Glue
  await initialise(glue, instantiate)
  const drawing = new glue.Resvg(svg, { fitTo: { mode: 'width', value: 240 }, background: '#fff' })
  const image = drawing.render()
  try {
    const digest = createHash('sha256').update(image.asPng()).digest('hex')
    return `PNG of ${image.width} by ${image.height}, ${digest}`
  } finally {
    // Finalizers would call into an instance that is no longer this use's.
    image.free()
    drawing.free()
  }
}

export const resvg: DemoModule = {
  name: 'resvg',
  toolChain: 'Rust, wasm-bindgen (initWasm)',
  work: 'render an SVG to a PNG',
  packageName,
  bytes: () => readPackageFile(`${packageName}/index_bg.wasm`),
  use,
}
