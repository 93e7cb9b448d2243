/**
 * The object with an instance's exports, as V8 makes it: no prototype, frozen, the module's own names in its order;
 * hidden exports do not show.
 *
 * A module may export thousands of functions and a use call one. So the object is a Proxy that makes each handle when it is
 * asked for; asked for its names or their descriptors, it makes them all and freezes, and from then on it stands for a
 * plain frozen object. A name costs tens of nanoseconds through a Proxy: where a use has asked for many and the module has few,
 * later uses get the plain object at once.
 */
import type { ExportEntry } from '../binary/module-structure.ts'

/** Up to so many exports are worth making at once. */
const mostEagerExports = 16
/** So many questions in one use cost more than making them. */
const manyReads = 32

/** What makes a handle. */
export interface ExportHandles {
  of(entry: ExportEntry): unknown
}

/** The exports of a module, and what its uses have done with them. */
export class ExportNames {
  readonly entries: readonly ExportEntry[]
  readonly byName: ReadonlyMap<string, ExportEntry>
  /** Whether to make all at once. */
  eager = false

  constructor(entries: readonly ExportEntry[]) {
    this.entries = entries
    this.byName = new Map(entries.map((entry) => [entry.name, entry]))
  }
}

export function makeExportsObject(names: ExportNames, handles: ExportHandles): WebAssembly.Exports {
  if (!names.eager) return new Proxy<WebAssembly.Exports>({}, new LazyExports(names, handles))
  const exports = Object.create(null) as Target
  for (const entry of names.entries) exports[entry.name] = handles.of(entry)
  return Object.freeze(exports) as WebAssembly.Exports
}

type Target = Record<string | symbol, unknown>

class LazyExports implements ProxyHandler<Target & WebAssembly.Exports> {
  readonly names: ExportNames
  readonly handles: ExportHandles
  reads = 0
  complete = false
  /** The first that was asked for; most uses ask for one. */
  first: ExportEntry | undefined = undefined
  firstValue: unknown = undefined
  others: Map<ExportEntry, unknown> | undefined = undefined

  constructor(names: ExportNames, handles: ExportHandles) {
    this.names = names
    this.handles = handles
  }

  get(_target: Target, name: string | symbol): unknown {
    const entry = this.names.byName.get(name as string)
    if (entry === undefined) return undefined
    if (++this.reads === manyReads) this.names.eager = this.names.entries.length <= mostEagerExports
    return valueOf(this, entry)
  }

  has(_target: Target, name: string | symbol): boolean {
    return this.names.byName.has(name as string)
  }

  getPrototypeOf(): null {
    return null
  }

  ownKeys(target: Target): (string | symbol)[] {
    return Reflect.ownKeys(whole(this, target))
  }

  getOwnPropertyDescriptor(target: Target, name: string | symbol): PropertyDescriptor | undefined {
    return Reflect.getOwnPropertyDescriptor(whole(this, target), name)
  }

  isExtensible(target: Target): boolean {
    return Reflect.isExtensible(whole(this, target))
  }

  preventExtensions(target: Target): boolean {
    return Reflect.preventExtensions(whole(this, target))
  }

  set(target: Target, name: string | symbol, value: unknown): boolean {
    return Reflect.set(whole(this, target), name, value, target)
  }

  defineProperty(target: Target, name: string | symbol, descriptor: PropertyDescriptor): boolean {
    return Reflect.defineProperty(whole(this, target), name, descriptor)
  }

  deleteProperty(target: Target, name: string | symbol): boolean {
    return Reflect.deleteProperty(whole(this, target), name)
  }

  setPrototypeOf(target: Target, prototype: object | null): boolean {
    return Reflect.setPrototypeOf(whole(this, target), prototype)
  }
}

function valueOf(exports: LazyExports, entry: ExportEntry): unknown {
  if (exports.first === entry) return exports.firstValue
  if (exports.first === undefined) {
    exports.firstValue = exports.handles.of(entry)
    exports.first = entry
    return exports.firstValue
  }
  exports.others ??= new Map()
  const known = exports.others.get(entry)
  if (known !== undefined) return known
  const value = exports.handles.of(entry)
  exports.others.set(entry, value)
  return value
}

/** From here on the target itself has everything, and the invariants of Proxy hold by themselves. */
function whole(exports: LazyExports, target: Target): Target {
  if (exports.complete) return target
  // Before the names, or one of them could be "__proto__".
  Object.setPrototypeOf(target, null)
  for (const entry of exports.names.entries) target[entry.name] = valueOf(exports, entry)
  Object.freeze(target)
  exports.complete = true
  return target
}
