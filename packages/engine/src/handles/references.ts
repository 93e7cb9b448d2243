/**
 * Function references on their way between a pooled instance and its host.
 *
 * A raw function of a slot's instance never reaches the host: it would still work in the slot's next use. So each one
 * that comes out is exchanged for a handle, the same handle for the same function within one use, and each handle that
 * goes back in for its raw function:
 *
 *   instance --raw--> toHost --handle--> host --handle--> toInstance --raw--> instance
 *
 * A handle of another pooled instance links the two: from then on they call each other directly. Functions that the host
 * brought itself (of a plain V8 instance) pass as they are, both ways.
 */
import type { FunctionShape, FunctionShapes } from '../binary/function-shapes.ts'
import { unknownShape } from '../binary/function-shapes.ts'
import type { Callable, Exchange } from './callable.ts'
import { exceptionToHost } from './exception-handle.ts'
import { makeFunctionHandle } from './function-handle.ts'
import { released } from './gate.ts'
import type { Use } from './links.ts'
import { Links } from './links.ts'
import { HandleStamp, RawStamp } from './stamps.ts'

/** Wasm functions that the host brought into some pooled instance. */
const brought = new WeakSet<Callable>()

/** Whether the host brought it, from another module. */
export function isBrought(value: Callable): boolean {
  return brought.has(value)
}

export class References implements Exchange {
  readonly use: Use
  readonly #shapes: FunctionShapes
  /** What the caller gave as imports: functions among them are the host's own. */
  imports: readonly unknown[] = []
  /** The tags whose exceptions hold functions. */
  functionTags: readonly object[] = []

  constructor(use: Use, shapes: FunctionShapes) {
    this.use = use
    this.#shapes = shapes
  }

  /** The handle of a raw function of this instance; made at its first appearance. */
  handleOf(raw: Callable, shape: FunctionShape = this.#shapeOf(raw)): Callable {
    const { use } = this
    const known = RawStamp.handleIn(raw, use)
    if (known) return known
    const make = use.gate.time === undefined ? RawStamp.makerOf(raw) : undefined
    const handle = make?.(use.gate, raw, raw) ?? makeFunctionHandle(use.gate, raw, shape, this)
    RawStamp.put(raw, handle, use)
    HandleStamp.put(handle, raw, use)
    return handle
  }

  /** What the host may see of a value that the instance hands out. */
  toHost(value: unknown): unknown {
    if (typeof value !== 'function') return value
    const callable = value as Callable
    if (HandleStamp.isOn(callable) || brought.has(callable) || this.imports.includes(callable)) return value
    if (!isWasmFunction(callable)) return value
    // What a shared table or global holds works on with those that share it.
    const { gate, links } = this.use
    const user = gate.state === released ? links?.liveUser : undefined
    return user === undefined ? this.handleOf(callable) : user.exchange.toHost(callable)
  }

  /** What the instance may see of a value that the host hands in. */
  toInstance(value: unknown): unknown {
    if (typeof value !== 'function') return value
    const callable = value as Callable
    if (!HandleStamp.isOn(callable)) {
      if (isWasmFunction(callable)) brought.add(callable)
      return value
    }
    const owner = HandleStamp.useOf(callable)
    const raw = HandleStamp.rawOf(callable)
    if (!RawStamp.isShared(raw, owner.gate)) owner.gate.pass('function')
    if (owner !== this.use) {
      RawStamp.share(raw, this.use)
      Links.connect(this.use, owner, true)
    }
    return raw
  }

  toInstanceUnsure(value: unknown): unknown {
    const raw = this.toInstance(value)
    if (raw !== value) this.use.escapes = true
    return raw
  }

  errorToHost(error: unknown): unknown {
    return this.functionTags.length === 0 ? error : exceptionToHost(this.use, this.functionTags, error)
  }

  /** V8 names an exported function by its index; in what others share with this instance, it may be one of theirs. */
  #shapeOf({ name }: Callable): FunctionShape {
    const own = this.use.links === undefined && !this.use.escapes
    return own ? this.#shapes.of(Number(name)) : unknownShape
  }
}

let probe: WebAssembly.Table | undefined

/** Whether V8 itself counts `value` as an exported WebAssembly function: only those fit into a table. */
function isWasmFunction(value: Callable): boolean {
  probe ??= new WebAssembly.Table({ element: 'anyfunc', initial: 1 })
  try {
    probe.set(0, value)
    probe.set(0, null)
    return true
  } catch {
    return false
  }
}
