/**
 * The error for a memory import that cannot be, worded by V8 itself.
 *
 * In the rewritten module a memory has no limits of its own, so V8 would not reject what it should. So a module is made
 * that has this one import in its original form, behind as many others as were before it (messages have its number), and
 * V8 rejects the instantiation of that.
 */
import type { ImportPlan, MemoryPlan } from '../binary/analyse-module.ts'
import { Writer } from '../binary/writer.ts'
import { memory64 } from './v8-reservation.ts'

/** What to show V8 in place of a pooled memory: one of the same size and maximum. */
export interface MemorySize {
  readonly pages: number
  readonly maximumPages: number | undefined
  /** Whether its addresses are i64. */
  readonly is64: boolean
}

/** `given`: the namespace of the import as it was, or one with the value that does not fit. */
export function memoryImportError(
  number: number,
  plan: ImportPlan,
  memory: MemoryPlan,
  given: unknown,
): unknown {
  const imports = new Writer().u32(number + 1)
  const other = `before ${plan.module}`
  for (let before = 0; before < number; before++) imports.name(other).name('').byte(0x03, 0x7f, 0x00) // a constant i32
  imports.name(plan.module).name(plan.name).byte(0x02)
  const { initialPages, maximumPages, is64 } = memory
  imports.byte((maximumPages === undefined ? 0x00 : 0x01) | (is64 ? 0x04 : 0x00)).u32(initialPages)
  if (maximumPages !== undefined) imports.u32(maximumPages)
  const module = new Writer().byte(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00).section(2, imports)
  const all: Record<string, unknown> = Object.create(null)
  all[other] = { '': 0 }
  all[plan.module] = given
  try {
    return new WebAssembly.Instance(new WebAssembly.Module(module.written), all as WebAssembly.Imports)
  } catch (error) {
    return error
  }
}

/** A namespace in which the import is a V8 memory of the size of a pooled one. */
export function namespaceWith(plan: ImportPlan, { pages, maximumPages, is64 }: MemorySize): unknown {
  if (is64) return { [plan.name]: memory64(pages, maximumPages) }
  const limits = maximumPages === undefined ? { initial: pages } : { initial: pages, maximum: maximumPages }
  return { [plan.name]: new WebAssembly.Memory(limits) }
}
