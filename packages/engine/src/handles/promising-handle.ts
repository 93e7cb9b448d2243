/**
 * A handle whose calls return promises and may be suspended by imports made with `WebAssembly.Suspending`: what
 * `WebAssembly.promising` gives, for one use. Source: the JavaScript Promise Integration proposal.
 *
 * While a call is suspended the instance is not released: other code would get the memory that the call goes on with.
 */
import type { FunctionShape } from '../binary/function-shapes.ts'
import { UnsupportedRuntimeError } from '../errors/unsupported-runtime-error.ts'
import type { Callable, Exchange } from './callable.ts'
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
  const call = promising(raw)
  const toHost = (value: unknown): unknown => exchange.toHost(value)
  return async (...values) => {
    gate.pass('function')
    gate.dirty = true
    gate.suspended++
    try {
      if (!shape.carriesFunctions) return await call(...values)
      const result = await call(...values.map((value) => exchange.toInstance(value)))
      return shape.results > 1 ? (result as unknown[]).map(toHost) : toHost(result)
    } finally {
      gate.suspended--
    }
  }
}
