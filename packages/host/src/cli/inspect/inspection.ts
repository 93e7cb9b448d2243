/** What `inspect` finds out about a module. With `--json`, this is what it prints. */
import type { FreshReason } from '@warmslot/engine'
import type { ModuleKind } from '../../modules/module-kind.ts'
import type { MemoryShape } from './module-shape.ts'

export interface Inspection {
  readonly file: string
  readonly byteLength: number
  readonly digest: string
  /** Whether a host would serve it. */
  readonly usable: boolean
  /** Why not. */
  readonly refusal?: Refusal
  /** Of modules that are malformed, nothing of the following is known. */
  readonly kind?: ModuleKind
  readonly imports?: readonly InspectedImport[]
  readonly memories?: readonly MemoryShape[]
  readonly functions?: readonly InspectedFunction[]
  /** Whether it has an `_initialize`, which may run once for all requests (setting `initialize`). */
  readonly initialises?: boolean
  readonly image?: InspectedImage
  readonly warm?: InspectedWarmth
  readonly timing?: InspectedTiming
}

export interface Refusal {
  readonly code: string
  /** In plain words. */
  readonly message: string
}

export interface InspectedImport {
  readonly module: string
  readonly name: string
  readonly kind: string
  readonly signature?: string
  readonly givenBy: 'WASI' | 'WASI, which answers that it is not supported' | 'the pool' | 'nobody'
}

export interface InspectedFunction {
  readonly name: string
  /** `(i32, i64) -> f64`, where it is known. */
  readonly signature: string | undefined
}

export interface InspectedImage {
  /** Size of the images of its memories. They are there once, however many slots map them. */
  readonly byteLength: number
  /** Bytes of its memories that are not zero before any of its code runs; undefined where code runs at instantiation. */
  readonly nonZeroBytes?: number
}

export interface InspectedWarmth {
  /** Whether a live instance can serve again, its state reset. */
  readonly possible: boolean
  readonly freshReason?: FreshReason
  readonly explanation: string
}

/** In milliseconds, measured once, here and now. */
export interface InspectedTiming {
  /** The engine: analysis, rewriting, V8's compilation, images. */
  readonly compileMs: number
  /** V8's own compilation of the same bytes. */
  readonly nativeCompileMs: number
}
