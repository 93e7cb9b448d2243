/**
 * Whether references to functions can leave a module inside something that the engine does not look into:
 *
 * - the values of an exception, which whoever has its tag can take out: imported and exported tags
 * - a struct or an array of the GC proposal, whose fields another module with an equal type can read
 *
 * Such a function works on in the slot's next use. So the slot's memory is given up after each use of such a module, as
 * after one that filled a table of the caller's own.
 */
import type { ModuleStructure } from './module-structure.ts'
import { isFunctionReference } from './types.ts'

export function functionsLeave({ types, imports, exports, tagTypes }: ModuleStructure): boolean {
  for (const type of types) {
    if (type.kind !== 'func' && type.fields.some((field) => isFunctionReference(field, types))) return true
  }
  // Each type once: a million tags may share one.
  const seen = new Set<number>()
  for (const list of [imports, exports]) {
    for (const { kind, index } of list) if (kind === 'tag') seen.add(tagTypes[index]!)
  }
  for (const typeIndex of seen) {
    const type = types[typeIndex]
    if (type?.kind === 'func' && type.parameters.some((one) => isFunctionReference(one, types))) return true
  }
  return false
}
