/**
 * From the caller's imports to those of the rewritten module.
 *
 * The caller's functions, tags and numbers pass as they are; memories come from the pool; functions whose type carries
 * functions are wrapped, so that no raw function reaches them. What is wrong is left for V8 to reject with its own
 * message: import numbers are those of the original module, since the rewrite only appends.
 *
 * A table or function-typed global of the caller's own (Emscripten glue may bring one) is filled with raw functions by
 * V8 itself, and so is a `WebAssembly.Suspending` that takes functions called, out of our sight; `escapes` says so, and the slot's memory is then given up after the use.
 */
import type { ImportPlan, ModuleAnalysis } from '../binary/analyse-module.ts'
import { hiddenModule } from '../binary/appended.ts'
import { UnsupportedImportError } from '../errors/unsupported-import-error.ts'
import type { Callable } from '../handles/function-handle.ts'
import { PooledGlobal } from '../handles/global-handle.ts'
import { PooledMemory } from '../handles/memory-handle.ts'
import type { References } from '../handles/references.ts'
import { PooledTable } from '../handles/table-handle.ts'

export interface PooledMemories {
  readonly raw: readonly WebAssembly.Memory[]
  readonly handles: readonly PooledMemory[]
}

export interface PreparedImports {
  readonly imports: WebAssembly.Imports
  readonly escapes: boolean
}

/** The exchange of whichever use an instance is serving: its wrapped imports outlive a use. */
export interface CurrentReferences {
  references: References
}

type Namespace = Record<string, unknown>

const noImports: WebAssembly.Imports = {}

/** What the caller gave as imports, where it can be that; else V8 says what is wrong. Memories may be left out. */
export function importsObject(
  given: unknown,
  { imports }: ModuleAnalysis,
  compiled: WebAssembly.Module,
): WebAssembly.Imports {
  if (isObject(given)) return given as WebAssembly.Imports
  if (given !== undefined || imports.some(({ kind }) => kind !== 'memory')) {
    return new WebAssembly.Instance(compiled, given as WebAssembly.Imports).exports as never
  }
  return noImports
}

/** Whether any import must be looked at before V8 gets it. */
export function mustPrepare(plans: readonly ImportPlan[]): boolean {
  return plans.some((plan) => plan.carriesFunctions || (plan.kind !== 'function' && plan.kind !== 'tag'))
}

export function prepareImports(
  analysis: ModuleAnalysis,
  needsPreparing: boolean,
  given: WebAssembly.Imports,
  memories: PooledMemories,
  current: CurrentReferences,
): PreparedImports {
  const hidden = hiddenImports(analysis, memories)
  if (!needsPreparing) return { imports: extended(given, hidden), escapes: analysis.functionsLeave }
  const imports: Record<string, unknown> = Object.create(null)
  let escapes = analysis.functionsLeave
  for (const plan of analysis.imports) {
    const source = given[plan.module] as Namespace | undefined
    if (!isObject(source) && plan.kind !== 'memory') {
      // V8 says what is wrong with it.
      imports[plan.module] ??= source
      continue
    }
    if (!isObject(imports[plan.module])) imports[plan.module] = Object.create(null)
    const value = prepareImport(plan, source?.[plan.name], memories, current)
    ;(imports[plan.module] as Namespace)[plan.name] = value
    if (plan.carriesFunctions && typeof value === 'object' && value !== null) escapes = true
  }
  return { imports: extended(imports as WebAssembly.Imports, hidden), escapes }
}

function isObject(value: unknown): value is Namespace {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

function hiddenImports(analysis: ModuleAnalysis, memories: PooledMemories): Namespace | undefined {
  let hidden: Namespace | undefined
  for (const [index, plan] of analysis.memories.entries()) {
    if (!plan.imported) (hidden ??= {})[plan.hiddenImport] = memories.raw[index]
  }
  return hidden
}

/** The given imports with the hidden ones beside them; theirs are found through the prototype chain. */
function extended(imports: WebAssembly.Imports, hidden: Namespace | undefined): WebAssembly.Imports {
  if (!hidden) return imports
  const result: Record<string, unknown> = Object.create(imports)
  result[hiddenModule] = hidden
  return result as WebAssembly.Imports
}

function prepareImport(
  plan: ImportPlan,
  value: unknown,
  memories: PooledMemories,
  current: CurrentReferences,
): unknown {
  const { references } = current
  switch (plan.kind) {
    case 'memory':
      return prepareMemory(plan, value, memories)
    case 'table':
      if (value instanceof PooledTable) {
        throw new UnsupportedImportError(
          plan.module,
          plan.name,
          'tables of pooled instances cannot be shared yet.',
        )
      }
      return value
    case 'global':
      if (value instanceof PooledGlobal) {
        if (!plan.carriesFunctions) return PooledGlobal.rawOf(value)
        return references.toInstance(value.value)
      }
      return plan.carriesFunctions ? references.toInstance(value) : value
    case 'function':
      return plan.carriesFunctions && typeof value === 'function'
        ? wrapImport(value as Callable, plan.results, current)
        : value
    case 'tag':
      return value
  }
}

function prepareMemory(plan: ImportPlan, value: unknown, memories: PooledMemories): unknown {
  if (value === undefined || value === memories.handles[plan.index]) return memories.raw[plan.index]
  if (value instanceof PooledMemory) {
    throw new UnsupportedImportError(
      plan.module,
      plan.name,
      'memories of pooled instances cannot be shared yet.',
    )
  }
  if (value instanceof WebAssembly.Memory) {
    throw new UnsupportedImportError(
      plan.module,
      plan.name,
      'the module gets its memory from the pool. Leave this import out; glue that needs the memory beforehand gets it ' +
        'as `instance.memory` when the imports are given as a function: `(instance) => imports`.',
    )
  }
  return value
}

function wrapImport(host: Callable, results: number, current: CurrentReferences): Callable {
  return (...values) => {
    const { references } = current
    const result: unknown = host(...values.map((value) => references.toHost(value)))
    // Several results come as an iterable; V8 says so if it is none.
    return results > 1 && isObject(result) && Symbol.iterator in result
      ? Array.from(result as Iterable<unknown>, (value) => references.toInstance(value))
      : references.toInstance(result)
  }
}

/** The value of every import as the caller gave it, in the order of the imports. */
export function importValues(plans: readonly ImportPlan[], given: WebAssembly.Imports): unknown[] {
  return plans.map((plan) => importValue(plan, given))
}

export function importValue(plan: ImportPlan, given: WebAssembly.Imports): unknown {
  const namespace = given[plan.module] as Namespace | null | undefined
  return namespace?.[plan.name]
}
