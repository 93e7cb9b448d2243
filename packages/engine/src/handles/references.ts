/**
 * Function references on their way between a pooled instance and its host.
 *
 * A raw function of a slot's instance never reaches the host: it would still work in the slot's next use. So each one
 * that comes out is exchanged for a handle, the same handle for the same function within one use, and each handle that
 * goes back in for its raw function:
 *
 *   instance --raw--> toHost --handle--> host --handle--> toInstance --raw--> instance
 *
 * Functions that the host brought itself (of a plain V8 instance) pass as they are, both ways.
 */
import type { FunctionShape } from '../binary/analyse-module.ts'
import { ForeignFunctionError } from '../errors/foreign-function-error.ts'
import type { Callable } from './function-handle.ts'
import { makeFunctionHandle } from './function-handle.ts'
import type { Gate } from './gate.ts'
import { HandleStamp, RawStamp } from './stamps.ts'

/** Wasm functions that the host brought into some pooled instance. */
const brought = new WeakSet<Callable>()

/** The shape of a function of which nothing is known, as one that comes out of a table. */
const unknownShape: FunctionShape = { parameters: -1, results: -1, carriesFunctions: true }

export class References {
  readonly gate: Gate

  constructor(gate: Gate) {
    this.gate = gate
  }

  /** The handle of a raw function of this instance; made at its first appearance. */
  handleOf(raw: Callable, shape: FunctionShape = unknownShape): Callable {
    const known = RawStamp.handleIn(raw, this.gate)
    if (known) return known
    const handle = makeFunctionHandle(this.gate, raw, shape, this)
    RawStamp.put(raw, handle, this.gate)
    HandleStamp.put(handle, raw, this.gate)
    return handle
  }

  /** What the host may see of a value that the instance hands out. */
  toHost(value: unknown): unknown {
    if (typeof value !== 'function') return value
    const callable = value as Callable
    if (HandleStamp.isOn(callable) || brought.has(callable) || !isWasmFunction(callable)) return value
    return this.handleOf(callable)
  }

  /** What the instance may see of a value that the host hands in. */
  toInstance(value: unknown): unknown {
    if (typeof value !== 'function') return value
    const callable = value as Callable
    if (!HandleStamp.isOn(callable)) {
      if (isWasmFunction(callable)) brought.add(callable)
      return value
    }
    const gate = HandleStamp.gateOf(callable)
    gate.pass('function')
    if (gate === this.gate) return HandleStamp.rawOf(callable)
    throw new ForeignFunctionError()
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
