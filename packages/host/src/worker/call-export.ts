/**
 * Calls one exported function. Bytes cross as the guest's languages have them: the guest allocates, the host writes, the function
 * gets address and length; results come back as a pair, or as one 64-bit integer with the address in its upper half.
 */
import { BadRequestError } from '../errors/bad-request-error.ts'
import { UnknownExportError } from '../errors/unknown-export-error.ts'
import type { CallArgument, CallInput, CallOutput } from '../workers/protocol.ts'
import { guestError } from './guest-error.ts'
import type { GuestInstance, LoadedModule } from './loaded-module.ts'

type GuestFunction = (...values: readonly (number | bigint)[]) => unknown

/** How guests' languages name the function that allocates, and what it takes for `bytes` bytes. */
const allocators: readonly (readonly [name: string, parameters: (bytes: number) => number[]])[] = [
  ['alloc', (bytes) => [bytes]],
  ['malloc', (bytes) => [bytes]],
  ['cabi_realloc', (bytes) => [0, 0, 1, bytes]],
  ['__wbindgen_malloc', (bytes) => [bytes, 1]],
]

/** @throws BadRequestError, UnknownExportError, TimeLimitError, GuestTrappedError, and what the engine throws */
export function callExport(module: LoadedModule, input: CallInput): CallOutput {
  const { name, settings } = module.plan
  const { timeLimitMs, responseBytes, initialize } = settings
  const wasi = module.wasi()
  try {
    const result = module.use(wasi, (instance) => {
      const called = functionOf(instance, input.export, name)
      if (initialize === 'each-request') (instance.exports['_initialize'] as GuestFunction | undefined)?.()
      const values = input.arguments.flatMap((argument) => lower(instance, argument))
      if (values.length !== called.length)
        throw new BadRequestError(
          `"${input.export}" takes ${called.length} parameters, not ${values.length}.`,
        )
      return lift(instance, call(called, values), input.result, responseBytes)
    })
    return { result, stderr: wasi.stderr.take() }
  } catch (error) {
    throw guestError(error, timeLimitMs, wasi.stderr.take())
  }
}

function functionOf({ exports }: GuestInstance, name: string, module: string): GuestFunction {
  const found = exports[name]
  if (typeof found === 'function') return found as GuestFunction
  const functions = Object.keys(exports).filter((one) => typeof exports[one] === 'function')
  throw new UnknownExportError(module, name, functions)
}

/** What JavaScript does not convert (a number for an i64) is the caller's mistake. */
function call(called: GuestFunction, values: readonly (number | bigint)[]): unknown {
  try {
    return called(...values)
  } catch (error) {
    if (!(error instanceof TypeError) && !(error instanceof SyntaxError)) throw error
    throw new BadRequestError(`The arguments do not fit the function: ${error.message}`, { cause: error })
  }
}

function lower(instance: GuestInstance, argument: CallArgument): (number | bigint)[] {
  if (!(argument instanceof Uint8Array)) return [argument]
  const address = allocate(instance, argument.byteLength)
  const memory = bytesOf(instance)
  if (address + argument.byteLength > memory.byteLength)
    throw new BadRequestError(`The guest could not allocate ${argument.byteLength} bytes.`)
  memory.set(argument, address)
  return [address, argument.byteLength]
}

function allocate({ exports }: GuestInstance, bytes: number): number {
  for (const [name, parameters] of allocators) {
    const found = exports[name]
    if (typeof found === 'function') return Number((found as GuestFunction)(...parameters(bytes))) >>> 0
  }
  const names = allocators.map(([name]) => name).join(', ')
  throw new BadRequestError(`To be given strings or bytes, the module must export one of ${names}.`)
}

function lift(instance: GuestInstance, value: unknown, as: CallInput['result'], limitBytes: number): unknown {
  if (as === 'value') return value
  const [address, length] = rangeOf(value)
  const memory = bytesOf(instance)
  if (address + length > memory.byteLength || length > limitBytes) {
    throw new BadRequestError(`The result is no ${as}: ${length} bytes at ${address}.`)
  }
  // A copy: the slot goes to the next request.
  return memory.slice(address, address + length)
}

function rangeOf(value: unknown): [address: number, length: number] {
  if (Array.isArray(value) && value.length === 2) return [Number(value[0]) >>> 0, Number(value[1]) >>> 0]
  if (typeof value === 'bigint') {
    const bits = BigInt.asUintN(64, value)
    return [Number(bits >> 32n), Number(bits & 0xffff_ffffn)]
  }
  throw new BadRequestError(
    'For a string or bytes the function must return address and length, as two values or as one i64 (address << 32 | length).',
  )
}

function bytesOf({ memory }: GuestInstance): Uint8Array {
  if (memory === undefined) throw new BadRequestError('The module has no memory for strings or bytes.')
  return new Uint8Array(memory.buffer)
}
