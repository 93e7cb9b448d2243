/** Calls in which functions cross the border: each is exchanged on its way in or out, and so are exceptions. */
import type { FunctionShape } from '../binary/function-shapes.ts'
import type { Callable, Exchange } from './callable.ts'

/** `call`: the raw function. */
export function exchanging(call: Callable, shape: FunctionShape, exchange: Exchange): Callable {
  return (...values) => {
    let result: unknown
    try {
      result = call(...argumentsToInstance(values, shape, exchange))
    } catch (error) {
      throw exchange.errorToHost(error)
    }
    return resultToHost(result, shape, exchange)
  }
}

export function argumentsToInstance(
  values: readonly unknown[],
  { takes }: FunctionShape,
  exchange: Exchange,
): unknown[] {
  // Where types are not known, a function may have been meant as a JavaScript value.
  if (takes === undefined) return values.map((value) => exchange.toInstanceUnsure(value))
  return values.map((value, index) => (takes[index] === true ? exchange.toInstance(value) : value))
}

export function resultToHost(
  result: unknown,
  { results, gives }: FunctionShape,
  exchange: Exchange,
): unknown {
  // Several results come as an array of their values. An array that is itself a result (externref) keeps its identity.
  if (results === 1 || !Array.isArray(result))
    return gives === undefined || gives[0] === true ? exchange.toHost(result) : result
  const exchanged = result.map((value, index) =>
    gives === undefined || gives[index] === true ? exchange.toHost(value) : value,
  )
  return exchanged.some((value, index) => value !== result[index]) ? exchanged : result
}
