/**
 * A handle whose calls return promises and may be suspended by imports made with `WebAssembly.Suspending`: what
 * `WebAssembly.promising` gives, for one use. Source: the JavaScript Promise Integration proposal.
 *
 * While a call is suspended the instance is not released: other code would get the memory that the call goes on with.
 */
import type { FunctionShape } from '../binary/function-shapes.ts'
import { UnsupportedRuntimeError } from '../errors/unsupported-runtime-error.ts'
import type { Callable, Exchange } from './callable.ts'
import { argumentsToInstance, resultToHost } from './exchanging-function.ts'
import type { Gate } from './gate.ts'

/** Not among TypeScript's declarations yet. */
interface PromiseIntegration {
  readonly promising?: (raw: Callable) => (...values: unknown[]) => Promise<unknown>
}

/** @throws UnsupportedRuntimeError where this V8 has no promise integration */
export function makePromisingHandle(
  gate: Gate,
  raw: Callable,
  shape: FunctionShape,
  exchange: Exchange,
): Callable {
  const { promising } = WebAssembly as PromiseIntegration
  if (promising === undefined) {
    throw new UnsupportedRuntimeError(
      'this V8 has no WebAssembly.promising',
      'JavaScript Promise Integration needs Node 24 or later.',
    )
  }
  const promised = promising(raw)
  const { time } = gate
  const call =
    time === undefined
      ? promised
      : (...values: unknown[]): Promise<unknown> => time.promising(() => promised(...values))
  return async (...values) => {
    gate.pass('function')
    gate.dirty = true
    gate.suspended++
    try {
      if (!shape.carriesFunctions) return await call(...values)
      return resultToHost(await call(...argumentsToInstance(values, shape, exchange)), shape, exchange)
    } catch (error) {
      throw exchange.errorToHost(error)
    } finally {
      gate.suspended--
    }
  }
}
