/** The values of a module's imports, as `import-reader.ts` reads them, in the order of the module's imports. */
import type { ImportPlan, ModuleAnalysis } from '../binary/analyse-module.ts'
import { PooledMemory } from '../handles/memory-handle.ts'

export type Namespace = Record<string, unknown>

/** The value of every import. Where a namespace is none, the last value says so, and nothing was read behind it. */
export type ImportValues = readonly unknown[]

/** In place of an import's value: what stands where its namespace should. */
export class NoNamespace {
  readonly found: unknown

  constructor(found: unknown) {
    this.found = found
  }
}

export function isObject(value: unknown): value is Namespace {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

/** The memories that need slots of their own; `undefined`: all of them, as nearly always. */
export function memoriesWithoutLinks(
  { imports, importsMemory, memories }: ModuleAnalysis,
  values: ImportValues,
): readonly number[] | undefined {
  if (!importsMemory) return undefined
  const linked = new Set<number>()
  for (const [number, plan] of imports.entries()) {
    if (plan.kind === 'memory' && values[number] instanceof PooledMemory) linked.add(plan.index)
  }
  return linked.size === 0 ? undefined : [...memories.keys()].filter((index) => !linked.has(index))
}

/** Whether two reads gave the same values: then an instance made with the one serves the other. */
export function sameImports(
  plans: readonly ImportPlan[],
  values: ImportValues,
  before: ImportValues,
  memories: readonly unknown[],
): boolean {
  for (let number = 0; number < plans.length; number++) {
    const plan = plans[number]!
    const value = values[number]
    if (plan.kind === 'memory') {
      if (value !== undefined && value !== memories[plan.index]) return false
      // Object.is: NaN is the same number again, and -0 another one.
    } else if (!Object.is(value, before[number])) return false
  }
  return true
}
