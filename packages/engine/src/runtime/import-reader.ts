/**
 * Reads a module's imports as V8 does: every property once, in the order of the module's imports, and the namespace anew for
 * each. So an instance of an earlier use serves only where every value is the same.
 *
 * A loop over names makes V8 look up each by hash, a hundred nanoseconds a piece; a module with fifty imports paid more for
 * that than for its reset. So for a module that is used often the loop is written out, once:
 *
 *     namespace = given["env"]; if (isObject(namespace)) values.push(namespace["abort"]); else ...
 *
 * Through `vm`, which works where code generation from strings is switched off.
 */
import { Script } from 'node:vm'

import type { ImportPlan, ModuleAnalysis } from '../binary/analyse-module.ts'
import type { ImportValues, Namespace } from './import-values.ts'
import { isObject, NoNamespace } from './import-values.ts'

type Read = (given: Namespace | undefined) => ImportValues

const noValues: ImportValues = []
/** So many reads are made in a loop: a module that is used once is not worth more. */
const readsInLoop = 8
/** Of modules with more the loop stays. */
const mostWrittenOut = 512

export class ImportReader {
  readonly #plans: readonly ImportPlan[]
  readonly #compiled: WebAssembly.Module
  readonly #onlyMemories: boolean
  #reads = 0
  #read: Read

  constructor({ imports }: ModuleAnalysis, compiled: WebAssembly.Module) {
    this.#plans = imports
    this.#compiled = compiled
    this.#onlyMemories = imports.every(({ kind }) => kind === 'memory')
    this.#read = (given) => readInLoop(imports, given)
  }

  /** @throws TypeError as V8 words it, where imports are no object; memories may be left out, with their namespaces */
  read(given: unknown): ImportValues {
    if (!isObject(given) && (given !== undefined || !this.#onlyMemories)) {
      // Fails before it looks at any import.
      return new WebAssembly.Instance(this.#compiled, given as WebAssembly.Imports) as never
    }
    const { length } = this.#plans
    if (length === 0) return noValues
    if (this.#reads <= readsInLoop && ++this.#reads > readsInLoop && length <= mostWrittenOut)
      this.#read = writtenOut(this.#plans)
    return this.#read(given)
  }
}

function readInLoop(plans: readonly ImportPlan[], given: Namespace | undefined): ImportValues {
  const values: unknown[] = []
  for (const plan of plans) {
    const namespace: unknown = given === undefined ? undefined : given[plan.module]
    if (isObject(namespace)) values.push(namespace[plan.name])
    else if (namespace === undefined && plan.kind === 'memory') values.push(undefined)
    else {
      values.push(new NoNamespace(namespace))
      break
    }
  }
  return values
}

/** What {@link readInLoop} does. */
function writtenOut(plans: readonly ImportPlan[]): Read {
  const steps = plans.map(({ module, name, kind }) => {
    const noMemory = kind === 'memory' ? 'if (namespace === undefined) values.push(undefined); else' : ''
    return `
    namespace = given === undefined ? undefined : given[${JSON.stringify(module)}]
    if (isObject(namespace)) values.push(namespace[${JSON.stringify(name)}])
    else ${noMemory} { values.push(new NoNamespace(namespace)); return values }`
  })
  const source = `(isObject, NoNamespace) => (given) => {
    const values = []
    let namespace${steps.join('')}
    return values
  }`
  const script = new Script(source, { filename: import.meta.filename })
  return (script.runInThisContext() as (...parts: unknown[]) => Read)(isObject, NoNamespace)
}
