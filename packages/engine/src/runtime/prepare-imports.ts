/**
 * From the caller's imports to those of the rewritten module.
 *
 * The caller's functions, tags and numbers pass as they are; functions whose type carries functions are wrapped, so that
 * no raw function reaches them. Memories come from the pool. What another pooled instance exports is unwrapped, so that
 * the two share it and call each other directly (`links.ts`). What is wrong is left for V8 to reject with its own
 * message: import numbers are those of the original module, since the rewrite only appends.
 *
 * A table or function-typed global of the caller's own (Emscripten glue may bring one) is filled with raw functions by
 * V8 itself, and so is a `WebAssembly.Suspending` that takes functions called, out of our sight; `escapes` says so, and
 * the slot's memory is then given up after the use.
 */
import type { ImportPlan, ModuleAnalysis } from '../binary/analyse-module.ts'
import { hiddenModule, hiddenName } from '../binary/appended.ts'
import { UnsupportedImportError } from '../errors/unsupported-import-error.ts'
import type { FunctionShape } from '../binary/function-shapes.ts'
import type { Callable } from '../handles/callable.ts'
import { exceptionToInstance } from '../handles/exception-handle.ts'
import { PooledGlobal } from '../handles/global-handle.ts'
import type { Use } from '../handles/links.ts'
import { Links } from '../handles/links.ts'
import { HandleStamp, RawStamp, TagStamp } from '../handles/stamps.ts'
import { PooledTable } from '../handles/table-handle.ts'
import type { ImportValues, Namespace } from './import-values.ts'
import { NoNamespace, isObject } from './import-values.ts'

export interface PreparedImports {
  readonly imports: WebAssembly.Imports
  readonly escapes: boolean
  /** The handles of other instances' tables and globals among them, by {@link sharedKey}. */
  readonly shared: ReadonlyMap<string, PooledTable | PooledGlobal> | undefined
}

/** The use that an instance is serving: its wrapped imports outlive a use. */
export interface CurrentUse {
  use: Use
}

export function sharedKey(kind: string, index: number): string {
  return `${kind} ${index}`
}

/** `memories`: what V8 gets for the module's memories, by index; `control`: what the checks of deadlines read. */
export function prepareImports(
  analysis: ModuleAnalysis,
  values: ImportValues,
  memories: readonly unknown[],
  current: CurrentUse,
  control: WebAssembly.Memory | undefined,
): PreparedImports {
  const imports: Record<string, unknown> = Object.create(null)
  const shared = new Map<string, PooledTable | PooledGlobal>()
  let escapes = analysis.functionsLeave
  for (const [number, value] of values.entries()) {
    const plan = analysis.imports[number]!
    if (plan.kind === 'memory') continue
    if (value instanceof NoNamespace) {
      imports[plan.module] = value.found
      break
    }
    if (value instanceof PooledTable || value instanceof PooledGlobal)
      shared.set(sharedKey(plan.kind, plan.index), value)
    else if (plan.carriesFunctions && typeof value === 'object' && value !== null) escapes = true
    const namespace = (imports[plan.module] ??= Object.create(null)) as Namespace
    namespace[plan.name] = prepareImport(plan, value, current)
  }
  if (memories.length > 0 || analysis.checksDeadlines) {
    const hidden: Namespace = (imports[hiddenModule] = { [hiddenName.control]: control })
    for (const [index, { hiddenImport }] of analysis.memories.entries())
      hidden[hiddenImport] = memories[index]
  }
  return { imports: imports as WebAssembly.Imports, escapes, shared: shared.size > 0 ? shared : undefined }
}

function prepareImport(plan: ImportPlan, value: unknown, current: CurrentUse): unknown {
  const { use } = current
  switch (plan.kind) {
    case 'table':
      if (!(value instanceof PooledTable)) return value
      return shareTable(plan, value, use)
    case 'global':
      if (!(value instanceof PooledGlobal))
        return plan.carriesFunctions ? use.exchange.toInstance(value) : value
      return shareGlobal(plan, value, use)
    case 'tag':
      if (plan.flowsBack && isObject(value)) TagStamp.link(value, use)
      return value
    case 'function':
      return typeof value === 'function' ? prepareFunction(plan, value as Callable, current) : value
    case 'memory':
      return undefined
  }
}

function prepareFunction(plan: ImportPlan, value: Callable, current: CurrentUse): unknown {
  if (!HandleStamp.isOn(value)) return plan.carriesFunctions ? wrapImport(value, plan.shape!, current) : value
  const owner = HandleStamp.useOf(value)
  const raw = HandleStamp.rawOf(value)
  if (!RawStamp.isShared(raw, owner.gate)) owner.gate.pass('function')
  RawStamp.share(raw, current.use)
  Links.connect(current.use, owner, plan.flowsBack)
  return raw
}

function shareGlobal(plan: ImportPlan, global: PooledGlobal, use: Use): WebAssembly.Global {
  const raw = PooledGlobal.share(global, use)
  Links.connect(use, PooledGlobal.useOf(global), plan.flowsBack)
  return raw
}

function shareTable(plan: ImportPlan, table: PooledTable, use: Use): WebAssembly.Table {
  const raw = PooledTable.share(table, use) ?? refuseTable(plan)
  Links.connect(use, PooledTable.useOf(table), plan.flowsBack)
  return raw
}

function refuseTable(plan: ImportPlan): never {
  throw new UnsupportedImportError(
    plan.module,
    plan.name,
    'this table of JavaScript values can shrink back for the next use, which another module would not see. Compile the ' +
      'module that exports it with `{ sharedTables: true }`.',
  )
}

function wrapImport(host: Callable, shape: FunctionShape, current: CurrentUse): Callable {
  const { takes, gives, results } = shape
  return (...values) => {
    const { exchange } = current.use
    let result: unknown
    try {
      result = host(
        ...values.map((value, index) => (takes?.[index] === true ? exchange.toHost(value) : value)),
      )
    } catch (error) {
      throw exceptionToInstance(error)
    }
    if (results === 1) return gives?.[0] === true ? exchange.toInstance(result) : result
    // Several results come as an iterable; V8 says so if it is none.
    return isObject(result) && Symbol.iterator in result
      ? Array.from(result as Iterable<unknown>, (value, index) =>
          gives?.[index] === true ? exchange.toInstance(value) : value,
        )
      : result
  }
}
