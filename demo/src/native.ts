/**
 * Native instances of the demo's modules: what Node.js does without Warmslot, and imports for timing that
 * alone.
 */
import type { DemoModule, ImportedMemory, Instantiate } from './module.ts'

function createMemory(limits: ImportedMemory): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: limits.initialPages, maximum: limits.maximumPages })
}

/** Makes instances with `new WebAssembly.Instance`, of a module that was compiled once. */
export function nativeInstantiate(module: WebAssembly.Module, importedMemory?: ImportedMemory): Instantiate {
  return (imports) => {
    if (typeof imports !== 'function') return new WebAssembly.Instance(module, imports)
    if (importedMemory === undefined) throw new TypeError('this module does not import a memory')
    return new WebAssembly.Instance(module, imports(createMemory(importedMemory)))
  }
}

/**
 * Imports that satisfy a module without its glue: every function returns 0, and there is no memory among
 * them. They serve for timing instantiation alone, since instantiation calls no import of the demo's
 * modules: their start functions, where they have one, call none.
 */
export function stubFunctionImports(module: WebAssembly.Module): WebAssembly.Imports {
  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {}
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    if (kind === 'memory') continue
    if (kind !== 'function') throw new TypeError(`no stub for the imported ${kind} ${from}.${name}`)
    imports[from] ??= {}
    imports[from][name] = () => 0
  }
  return imports
}

/**
 * One native instantiation with imports that are ready, to be timed: a memory is made where the module
 * imports one.
 */
export function prepareNativeInstantiation(
  module: WebAssembly.Module,
  { importedMemory }: Pick<DemoModule, 'importedMemory'>,
): () => WebAssembly.Instance {
  const imports = stubFunctionImports(module)
  if (importedMemory === undefined) return () => new WebAssembly.Instance(module, imports)
  const { module: from, name } = importedMemory
  return () =>
    new WebAssembly.Instance(module, {
      ...imports,
      [from]: { ...imports[from], [name]: createMemory(importedMemory) },
    })
}
