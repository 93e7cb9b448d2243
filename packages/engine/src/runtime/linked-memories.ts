/**
 * Memory imports: which come from other pooled instances, and whether those fit.
 *
 *   left out, or `instance.memory` itself   -> the slot that was leased for it
 *   a memory that another instance exports  -> that one's slot; a slot leased here goes back
 *   anything else                           -> an error: V8's own, or advice where V8 would accept it
 */
import type { Lease } from '@warmslot/pooling'

import type { ImportPlan, MemoryPlan } from '../binary/analyse-module.ts'
import { pageBytes } from '../binary/sort-segments.ts'
import { UnsupportedImportError } from '../errors/unsupported-import-error.ts'
import type { Use } from '../handles/links.ts'
import { Links } from '../handles/links.ts'
import { PooledMemory } from '../handles/memory-handle.ts'
import type { CompiledModule } from './compiled-module.ts'
import type { ImportValues } from './import-values.ts'
import { NoNamespace } from './import-values.ts'
import type { LeasedSlot } from './leased-slot.ts'
import type { MemorySize } from './memory-import-error.ts'
import { memoryImportError, namespaceWith } from './memory-import-error.ts'

/** A memory import that V8 must reject, in its turn among the imports. */
export interface MemoryImportMistake {
  readonly memory: number
  /** What to throw in place of what V8 threw about the rewritten module. */
  explain(error: unknown): unknown
}

/** Puts the handles of other instances' memories into `memories`. */
export function linkMemories(
  use: Use & { readonly module: CompiledModule },
  values: ImportValues,
  memories: (PooledMemory | undefined)[],
  lease: Lease,
): MemoryImportMistake | undefined {
  const { imports, memories: plans } = use.module.analysis
  let mistake: MemoryImportMistake | undefined
  for (const [number, value] of values.entries()) {
    const plan = imports[number]!
    if (plan.kind !== 'memory' || value === undefined || value === memories[plan.index]) continue
    const memory = plans[plan.index]!
    if (value instanceof PooledMemory) {
      PooledMemory.pass(value)
      replace(memories, plan.index, value, lease)
      if (fits(value, memory)) link(use, value)
      else mistake ??= mistakeOf(number, plan, memory, namespaceWith(plan, sizeOf(value)))
    } else if (value instanceof NoNamespace) {
      // V8 finds that out before it looks at any import's value.
      throw memoryImportError(number, plan, memory, value.found)
    } else if (value instanceof WebAssembly.Memory) {
      throw new UnsupportedImportError(
        plan.module,
        plan.name,
        'the module gets its memory from the pool. Leave this import out; glue that needs the memory beforehand gets it ' +
          'as `instance.memory` when the imports are given as a function: `(instance) => imports`.',
      )
    } else mistake ??= mistakeOf(number, plan, memory, { [plan.name]: value })
  }
  return mistake
}

function link(use: Use, memory: PooledMemory): void {
  PooledMemory.share(memory, use)
  Links.connect(use, PooledMemory.useOf(memory), false)
}

/** A slot that was leased before the imports were known is not needed. */
function replace(
  memories: (PooledMemory | undefined)[],
  index: number,
  by: PooledMemory,
  lease: Lease,
): void {
  const own = memories[index]
  memories[index] = by
  if (own === undefined || memories.includes(own)) return
  const { leased, reservation } = PooledMemory.slotOf(own) as LeasedSlot
  PooledMemory.drop(own)
  reservation.tenant = undefined
  leased.attachment = undefined
  leased.memory.markDirty(reservation.takeWriters())
  lease.releaseSome([leased])
}

function sizeOf(memory: PooledMemory): MemorySize {
  const { logicalBytes } = PooledMemory.slotOf(memory)
  const { declaredPages, is64 } = PooledMemory.limitsOf(memory)
  return { pages: logicalBytes / pageBytes, maximumPages: declaredPages, is64 }
}

/** Source: WebAssembly core specification 3.0, section 4.5.3 (matching of limits). */
function fits(memory: PooledMemory, { initialPages, maximumPages, is64 }: MemoryPlan): boolean {
  const size = sizeOf(memory)
  return (
    size.is64 === is64 &&
    size.pages >= initialPages &&
    (maximumPages === undefined || (size.maximumPages ?? Infinity) <= maximumPages)
  )
}

function mistakeOf(
  number: number,
  plan: ImportPlan,
  memory: MemoryPlan,
  namespace: unknown,
): MemoryImportMistake {
  return {
    memory: plan.index,
    explain: (error) =>
      // An import before it may be wrong too, and comes first.
      String(error).includes(`Import #${number} `)
        ? memoryImportError(number, plan, memory, namespace)
        : error,
  }
}
