/**
 * The handle of an exported function: what the caller calls instead of the raw function.
 *
 * It has the raw function's `name` and `length`, throws once its use is released, and counts itself as running while
 * it is inside. Handles of functions that carry no references to functions have a fixed number of parameters, so that a
 * call costs one closure and no array; V8 fills what the caller left out with `undefined`, as it does natively. Their names come
 * from `named-functions.ts`.
 */
import type { FunctionShape } from '../binary/function-shapes.ts'
import { InstanceReleasedError } from '../errors/instance-released-error.ts'
import type { Callable, Exchange } from './callable.ts'
import type { Gate } from './gate.ts'
import { released } from './gate.ts'
import { exchanging } from './exchanging-function.ts'
import { handleMaker, mostParameters } from './named-functions.ts'
import { RawStamp } from './stamps.ts'
import { timed } from './timed-function.ts'

/** Makes the handle of `exported`, a raw function. */
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
  if (shape.parameters < 0 || shape.parameters > mostParameters)
    return named(name, length, entering(gate, exported, raw))
  const make = handleMaker(name, shape.parameters, enter)
  if (make === undefined) return named(name, length, unnamed(gate, exported, raw, shape.parameters))
  // V8 takes its time to tell a function's name and length: not for every use.
  RawStamp.keepMaker(exported, make)
  return make(gate, exported, raw)
}

/** What {@link handleMaker} makes of a name, without one. */
function unnamed(gate: Gate, exported: Callable, raw: Callable, parameters: number): Callable {
  return entering(gate, exported, (...values) => {
    values.length = parameters
    return raw(...values)
  })
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
