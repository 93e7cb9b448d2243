/**
 * Finds out, once per thread and only when a module asks for it, whether this V8 leaves the bounds of 64-bit memories to
 * page protection too. It is another mechanism than for 32-bit ones, with a flag of its own: V8 compares the upper bits of
 * an address in code, so that it cannot leave the reservation (16 GiB), and leaves the rest to the protection.
 */
import { pageBytes } from '../binary/sort-segments.ts'
import { boundsAreLeftToProtection, endOf, guardBytesFrom } from './guard-regions.ts'
import { memory64 } from './v8-reservation.ts'

/** What was found out: how much address space V8 reserves for one, in bytes, or why none can be pooled. */
export type Memory64Support =
  | { readonly reservedBytesPerMemory: number }
  | { readonly reason: string; readonly advice: string }

let support: Memory64Support | undefined

export function checkMemory64(): Memory64Support {
  return (support ??= findSupport())
}

/** A slot's capacity, which is 4 GiB at most, and as much again, as 32-bit memories have it. */
const leastReservedBytes = 2 ** 33

const native = 'Instantiate it with `new WebAssembly.Instance` instead'

/** `(import "" "m" (memory i64 1)) (export "f" (func (param i64) (result i32) local.get 0 i32.load8_u))`. */
const loaderBytes = new Uint8Array([
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x06, 0x01, 0x60, 0x01, 0x7e, 0x01, 0x7f, 0x02, 0x07,
  0x01, 0x00, 0x01, 0x6d, 0x02, 0x04, 0x01, 0x03, 0x02, 0x01, 0x00, 0x07, 0x05, 0x01, 0x01, 0x66, 0x00, 0x00,
  0x0a, 0x09, 0x01, 0x07, 0x00, 0x20, 0x00, 0x2d, 0x00, 0x00, 0x0b,
])

function findSupport(): Memory64Support {
  let memories: readonly WebAssembly.Memory[]
  let load: (address: bigint) => number
  try {
    // Each has room for a second page, so that this is its own even where V8 makes no guard region.
    memories = [memory64(1, 2), memory64(1, 2)]
    const imports = { '': { m: memories[0]! } }
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(loaderBytes), imports)
    load = exports['f'] as typeof load
  } catch (cause) {
    return {
      reason: `this V8 makes no such memory from outside a module (${String(cause)})`,
      advice: `${native}, or use Node 24 or later.`,
    }
  }
  // One of the two has the other, or nothing, behind its guard region: a neighbour's cannot count for both.
  const reservedBytesPerMemory = Math.min(...memories.map((one) => guardBytesFrom(endOf(one)))) + pageBytes
  const protects =
    reservedBytesPerMemory >= leastReservedBytes &&
    boundsAreLeftToProtection(endOf(memories[0]!), () => load(BigInt(pageBytes))) &&
    staysWithin(reservedBytesPerMemory, load)
  if (protects) return { reservedBytesPerMemory }
  return {
    reason: 'this V8 checks the bounds of 64-bit memories in code instead of by page protection',
    advice: `${native}, or start Node without --no-wasm-memory64-trap-handling.`,
  }
}

/** What is behind the reservation belongs to others: no address may get there, whatever lies there now. */
function staysWithin(reservedBytes: number, load: (address: bigint) => number): boolean {
  try {
    load(BigInt(reservedBytes))
    return false
  } catch {
    return true
  }
}
