/**
 * The same random calls on plain V8 and on the pool: whatever one does, the other must do, down to the messages of traps,
 * the sizes and every byte. Several uses of the same slots in a row, each compared with a fresh native instance.
 */
import * as fc from 'fast-check'
import { deepStrictEqual, ok } from 'node:assert/strict'
import { afterAll, expect, it } from 'vitest'

import { Engine } from '../src/index.ts'
import type { Exports } from './support/native.ts'
import { outcomeOf } from './support/outcome.ts'
import { moduleFrom, origins } from './support/origins.ts'
import { memory64Pooled } from './support/memory64.ts'
import { type Program, type Step, assemble, programsWith, steps } from './support/random-program.ts'

const engine = new Engine({ slots: 2, maxMemoryBytes: 128 * 65_536 })
/** The same with checks of deadlines in the code, and one that is far away. */
const timed = new Engine({ slots: 2, maxMemoryBytes: 128 * 65_536, deadlines: true })
/** More of them find more: set the variable to run for hours. */
const runs = Number(process.env['WARMSLOT_DIFFERENTIAL_RUNS'] ?? 500)

afterAll(() => Promise.all([engine.close(), timed.close()]))

/** A host with an instance: what it saw of its buffers last, so that identity and detachment can be compared. */
class Host {
  readonly #exports: Exports
  readonly #buffers: ArrayBuffer[]

  constructor(exports: Exports, memories: number) {
    this.#exports = exports
    this.#buffers = Array.from({ length: memories }, (_, index) => exports[`m${index}`].buffer)
  }

  do(step: Step): unknown {
    const result = outcomeOf(() => this.#run(step))
    return { result, buffers: this.#buffers.map((_, index) => this.#lookAt(index)) }
  }

  #run(step: Step): unknown {
    if (step.kind === 'call')
      return this.#exports[`f${step.function}`](step.a, step.b, step.c, step.x, ...step.wide)
    const memory = this.#exports[`m${step.memory}`]
    if (step.kind === 'grow') return memory.grow(step.delta)
    const bytes = new Uint8Array(memory.buffer)
    const before = bytes[step.position]
    if (step.position < bytes.length) bytes[step.position] = step.byte
    return before
  }

  #lookAt(index: number): unknown {
    const before = this.#buffers[index]!
    const now: ArrayBuffer = this.#exports[`m${index}`].buffer
    this.#buffers[index] = now
    return { same: before === now, detached: before.byteLength === 0, bytes: now.byteLength }
  }

  bytes(index: number): Buffer {
    return Buffer.from(this.#buffers[index]!)
  }
}

interface Counted {
  programs: number
  steps: number
  traps: number
}

function compareUse(
  program: Program,
  host: Host,
  native: Host,
  sequence: readonly Step[],
  counted: Counted,
): void {
  for (const step of sequence) {
    const expected = native.do(step)
    deepStrictEqual(host.do(step), expected)
    counted.steps++
    if ('error' in (expected as { result: object }).result) counted.traps++
  }
  for (const index of program.memories.keys()) {
    ok(host.bytes(index).equals(native.bytes(index)), `the bytes of memory ${index} differ`)
  }
}

/** What the program imports, natively; the pool brings its own. */
function nativeImports({ memories }: Program): WebAssembly.Imports {
  const e: Record<string, WebAssembly.Memory> = {}
  for (const [index, { initial, maximum, is64, imported }] of memories.entries()) {
    if (!imported) continue
    const wide = {
      address: 'i64',
      initial: BigInt(initial),
      ...(maximum !== undefined && { maximum: BigInt(maximum) }),
    }
    const narrow = { initial, ...(maximum !== undefined && { maximum }) }
    e[`m${index}`] = new WebAssembly.Memory(is64 ? (wide as never) : narrow)
  }
  return { e }
}

const sorts: [string, boolean][] = [['32-bit memories', false]]
if (memory64Pooled) sorts.push(['64-bit memories, and 32-bit ones beside them', true])

it.each(sorts)('agrees with V8 in every result, trap, size and byte: %s', async (_name, with64) => {
  const counted: Counted = { programs: 0, steps: 0, traps: 0 }
  const cases = programsWith(with64).chain((program) =>
    fc.record({
      program: fc.constant(program),
      uses: fc.array(steps(program), { minLength: 2, maxLength: 3 }),
      deadlines: fc.boolean(),
      origin: fc.constantFrom('compiled', ...origins),
    }),
  )
  await fc.assert(
    fc.asyncProperty(cases, async ({ program, uses, deadlines, origin }) => {
      const bytes = assemble(program)
      if (!WebAssembly.validate(bytes)) return
      counted.programs++
      const compiled = new WebAssembly.Module(bytes)
      const pool = deadlines ? timed : engine
      await using module = await moduleFrom(origin, pool, bytes)
      for (const sequence of uses) {
        const expected = outcomeOf(() => new WebAssembly.Instance(compiled, nativeImports(program)))
        const actual = outcomeOf(() =>
          pool.instantiate(module, undefined, deadlines ? { deadlineMs: 1e8 } : {}),
        )
        if ('error' in expected || 'error' in actual) {
          deepStrictEqual(actual, expected)
          continue
        }
        using instance = actual.value as ReturnType<Engine['instantiate']>
        const native = (expected.value as WebAssembly.Instance).exports
        const memories = program.memories.length
        compareUse(
          program,
          new Host(instance.exports, memories),
          new Host(native, memories),
          sequence,
          counted,
        )
      }
    }),
    { numRuns: runs },
  )
  // Each memory layout, each kind of instruction and enough traps must have come up.
  expect(counted.programs).toBeGreaterThan(runs * 0.9)
  expect(counted.traps).toBeLessThan(counted.steps * 0.6)
  expect(counted.traps).toBeGreaterThan(counted.steps / 10)
})
