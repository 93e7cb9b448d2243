/** Finds out whether and how a module would be pooled and served: by doing it, as far as none of its code runs. */
import { Engine, type PooledModule } from '@warmslot/engine'
import { digestOf } from '../../modules/digest.ts'
import { checkInterface, hasFunction, kindOf, wasiNamespace } from '../../modules/module-kind.ts'
import type { GuestLimits } from '../../guest-limits.ts'
import { GuestWasi } from '../../worker/guest-wasi.ts'
import { freshExplanations, warmExplanation } from './fresh-reasons.ts'
import type {
  InspectedImage,
  InspectedImport,
  InspectedTiming,
  InspectedWarmth,
  Inspection,
} from './inspection.ts'
import { type ModuleShape, readModuleShape, type ShapeEntry } from './module-shape.ts'
import { refusalOf, refusalOfBytes } from './refusal.ts'

/** @throws what the engine throws that is not about the module: UnsupportedRuntimeError, ResourceLimitError */
export async function inspectModule(
  file: string,
  bytes: Uint8Array<ArrayBuffer>,
  limits: GuestLimits,
): Promise<Inspection> {
  const about = { file, byteLength: bytes.byteLength, digest: digestOf(bytes) }
  const refusal = refusalOfBytes(bytes)
  if (refusal !== undefined) return { ...about, usable: false, refusal }
  const shape = readModuleShape(bytes)
  await using engine = new Engine({ slots: slotsFor(shape), deadlines: true, ...limits })
  try {
    const { module, timing } = await compile(engine, bytes)
    checkInterface(module)
    const { imports, exports } = module
    const said = describe(shape ?? { imports, exports, memories: [], hasStart: true })
    const image = imageOf(engine, module, shape?.hasStart === false)
    return { ...about, usable: true, ...said, image, warm: warmthOf(module), timing }
  } catch (error) {
    // Of what V8 does not accept nothing is sure.
    const isModule = shape !== undefined && !(error instanceof WebAssembly.CompileError)
    return { ...about, usable: false, refusal: refusalOf(error), ...(isModule && describe(shape)) }
  }
}

/** As many as an instance takes. */
function slotsFor(shape: ModuleShape | undefined): number {
  return Math.max(1, shape?.memories.length ?? 16)
}

async function compile(
  engine: Engine,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<{ module: PooledModule; timing: InspectedTiming }> {
  const start = performance.now()
  await WebAssembly.compile(bytes)
  const nativeEnd = performance.now()
  const module = await engine.compile(bytes)
  const timing = { compileMs: performance.now() - nativeEnd, nativeCompileMs: nativeEnd - start }
  return { module, timing }
}

function describe({
  imports,
  exports,
  memories,
}: ModuleShape): Pick<Inspection, 'kind' | 'imports' | 'memories' | 'functions' | 'initialises'> {
  return {
    kind: kindOf(exports),
    imports: imports.map(inspectImport),
    memories,
    functions: exports
      .filter(({ kind }) => kind === 'function')
      .map(({ name, signature }) => ({ name, signature })),
    initialises: hasFunction(exports, '_initialize'),
  }
}

const wasi = new GuestWasi({
  arguments: [],
  environment: {},
  stdin: new Uint8Array(),
  outputBytes: 0,
  deadline: 0,
})

function inspectImport({ module = '', name, kind, signature }: ShapeEntry): InspectedImport {
  const entry = { module, name, kind, ...(signature !== undefined && { signature }) }
  if (kind === 'memory') return { ...entry, givenBy: 'the pool' }
  if (module !== wasiNamespace || kind !== 'function') return { ...entry, givenBy: 'nobody' }
  return { ...entry, givenBy: wasi.supports(name) ? 'WASI' : 'WASI, which answers that it is not supported' }
}

function warmthOf({ freshReason }: PooledModule): InspectedWarmth {
  if (freshReason === undefined) return { possible: true, explanation: warmExplanation }
  return { possible: false, freshReason, explanation: freshExplanations[freshReason] }
}

/** @param mayInstantiate no code runs then, so that the imports are never called */
function imageOf(engine: Engine, module: PooledModule, mayInstantiate: boolean): InspectedImage {
  const modules = engine.metrics().pool.modules
  const byteLength = modules.reduce((sum, { imageBytes }) => sum + imageBytes, 0)
  if (!mayInstantiate) return { byteLength }
  const stubs = module.imports.map(({ name }) => [name, () => 0] as const)
  using instance = engine.instantiate(module, { [wasiNamespace]: Object.fromEntries(stubs) })
  return { byteLength, nonZeroBytes: instance.memories.reduce((sum, { buffer }) => sum + nonZero(buffer), 0) }
}

function nonZero(buffer: ArrayBuffer): number {
  const bytes = new Uint8Array(buffer)
  // Most of a memory is zeros: four at a time.
  const words = new Int32Array(buffer)
  let count = 0
  for (let index = 0; index < words.length; index += 1) {
    if (words[index] === 0) continue
    for (let at = 4 * index; at < 4 * index + 4; at += 1) if (bytes[at] !== 0) count += 1
  }
  return count
}
