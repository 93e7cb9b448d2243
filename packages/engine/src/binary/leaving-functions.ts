/**
 * Whether and how references to functions can leave a module inside something else:
 *
 * - as values of an exception, which whoever has its tag can take out. Exceptions are exchanged at the border as functions
 *   are (`exception-handle.ts`).
 * - in a struct or an array of the GC proposal, whose fields another module with an equal type can read, out of the
 *   engine's sight. Such a function works on in the slot's next use. So the slot's memory is given up after each use of
 *   such a module, as after one that filled a table of the caller's own.
 */
import type { ModuleStructure } from './module-structure.ts'
import { isFunctionReference } from './types.ts'

export function functionsLeave({ types }: ModuleStructure): boolean {
  return types.some(
    (type) => type.kind !== 'func' && type.fields.some((field) => isFunctionReference(field, types)),
  )
}

/** The tags, imported or exported, whose exceptions hold functions; by index. */
export function functionTags({ types, imports, exports, tagTypes }: ModuleStructure): number[] {
  // Each type once: a million tags may share one.
  const holding = new Map<number, boolean>()
  const holds = (typeIndex: number): boolean => {
    const known = holding.get(typeIndex)
    if (known !== undefined) return known
    const type = types[typeIndex]
    const found = type?.kind === 'func' && type.parameters.some((one) => isFunctionReference(one, types))
    holding.set(typeIndex, found)
    return found
  }
  const found = new Set<number>()
  for (const list of [imports, exports]) {
    for (const { kind, index } of list) if (kind === 'tag' && holds(tagTypes[index]!)) found.add(index)
  }
  return [...found]
}
