/**
 * The handle of an exported function: what the caller calls instead of the raw function.
 *
 * It has the raw function's `name` and `length`, throws once its use is released, and counts itself as running while
 * it is inside. Handles of functions that carry no references to functions have a fixed number of parameters, so that a
 * call costs one closure and no array; V8 fills what the caller left out with `undefined`, as it does natively.
 */
import type { FunctionShape } from '../binary/function-shapes.ts'
import { InstanceReleasedError } from '../errors/instance-released-error.ts'
import type { Callable, Exchange } from './callable.ts'
import type { Gate } from './gate.ts'
import { released } from './gate.ts'
import { exchanging } from './exchanging-function.ts'
import { RawStamp } from './stamps.ts'
import { timed } from './timed-function.ts'

/** Makes the handle of `exported`, a raw function. Computed method names give it its name without a `defineProperty`. */
export function makeFunctionHandle(
  gate: Gate,
  exported: Callable,
  shape: FunctionShape,
  exchange: Exchange,
): Callable {
  const { name, length } = exported
  const raw = gate.time === undefined ? exported : timed(gate.time, exported, shape.parameters)
  if (shape.carriesFunctions)
    return named(name, length, entering(gate, exported, exchanging(raw, shape, exchange)))
  switch (shape.parameters) {
    case 0:
      return {
        [name]() {
          enter(gate, exported)
          try {
            return raw()
          } finally {
            gate.running--
          }
        },
      }[name]!
    case 1:
      return {
        [name](a: unknown) {
          enter(gate, exported)
          try {
            return raw(a)
          } finally {
            gate.running--
          }
        },
      }[name]!
    case 2:
      return {
        [name](a: unknown, b: unknown) {
          enter(gate, exported)
          try {
            return raw(a, b)
          } finally {
            gate.running--
          }
        },
      }[name]!
    case 3:
      return {
        [name](a: unknown, b: unknown, c: unknown) {
          enter(gate, exported)
          try {
            return raw(a, b, c)
          } finally {
            gate.running--
          }
        },
      }[name]!
    case 4:
      return {
        [name](a: unknown, b: unknown, c: unknown, d: unknown) {
          enter(gate, exported)
          try {
            return raw(a, b, c, d)
          } finally {
            gate.running--
          }
        },
      }[name]!
    default:
      return named(name, shape.parameters, entering(gate, exported, raw))
  }
}

function entering(gate: Gate, exported: Callable, call: Callable): Callable {
  return (...values) => {
    enter(gate, exported)
    try {
      return call(...values)
    } finally {
      gate.running--
    }
  }
}

function enter(gate: Gate, raw: Callable): void {
  if (gate.state === released && !RawStamp.isShared(raw, gate)) throw new InstanceReleasedError('function')
  gate.running++
  gate.dirty = true
}

function named(name: string, length: number, handle: Callable): Callable {
  Object.defineProperty(handle, 'name', { value: name, configurable: true })
  Object.defineProperty(handle, 'length', { value: length, configurable: true })
  return handle
}
