/**
 * JSON merge patches (RFC 7396): the difference of two states, and a state from another one and the difference. Keys are numbers,
 * and names as modules have them: none of them is `__proto__`.
 */

/** What a patch is made of; null: the key is gone. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

/**
 * What `merge` needs to make `after` of `before`; undefined where they are the same. Neither may have null in it. Parts that are one
 * and the same object are not looked into.
 */
export function difference(before: JsonObject, after: JsonObject): JsonObject | undefined {
  const patch = emptyObject()
  let differs = false
  const put = (key: string, value: Json): void => {
    patch[key] = value
    differs = true
  }
  for (const key of Object.keys(before)) if (!Object.hasOwn(after, key)) put(key, null)
  for (const key of Object.keys(after)) {
    const [old, now] = [own(before, key), after[key]!]
    if (old === now) continue
    const value = isObject(old) && isObject(now) ? difference(old, now) : now
    if (value !== undefined) put(key, value)
  }
  return differs ? patch : undefined
}

/** Applies a patch to `target`, in place where it is an object: a state is large, and patches are small. @returns what it has become */
export function merge(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch
  const merged = (isObject(target) ? target : emptyObject()) as Record<string, Json>
  for (const key of Object.keys(patch)) {
    const value = patch[key]!
    if (value === null) delete merged[key]
    else merged[key] = merge(own(merged, key), value)
  }
  return merged
}

function own(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A module may be called "constructor". */
function emptyObject(): Record<string, Json> {
  return Object.create(null) as Record<string, Json>
}
