/**
 * The object with an instance's exports, as V8 makes it: no prototype, frozen, the module's own names in its order;
 * hidden exports do not show.
 *
 * A module may export thousands of functions and a use call one. So beyond a few the object is a Proxy that makes each
 * handle when it is asked for; asked for its names or their descriptors, it makes them all and freezes, and from then on
 * it stands for a plain frozen object.
 */
import type { ExportEntry } from '../binary/module-structure.ts'

/** Up to so many exports are made at once: cheaper than a Proxy, and faster to call through. */
const eagerExports = 16

export type MakeExport = (entry: ExportEntry) => unknown

export function makeExportsObject(
  entries: readonly ExportEntry[],
  byName: ReadonlyMap<string, ExportEntry>,
  make: MakeExport,
): WebAssembly.Exports {
  if (entries.length > eagerExports)
    return new Proxy(Object.create(null), new LazyExports(entries, byName, make))
  const exports = Object.create(null) as Record<string, unknown>
  for (const entry of entries) exports[entry.name] = make(entry)
  return Object.freeze(exports) as WebAssembly.Exports
}

type Target = Record<string | symbol, unknown>

class LazyExports implements ProxyHandler<Target> {
  readonly #entries: readonly ExportEntry[]
  readonly #byName: ReadonlyMap<string, ExportEntry>
  readonly #make: MakeExport
  readonly #made = new Map<string, unknown>()
  #complete = false

  constructor(entries: readonly ExportEntry[], byName: ReadonlyMap<string, ExportEntry>, make: MakeExport) {
    this.#entries = entries
    this.#byName = byName
    this.#make = make
  }

  #value(entry: ExportEntry): unknown {
    const known = this.#made.get(entry.name)
    if (known !== undefined) return known
    const value = this.#make(entry)
    this.#made.set(entry.name, value)
    return value
  }

  /** From here on the target itself has everything, and the invariants of Proxy hold by themselves. */
  #all(target: Target): Target {
    if (this.#complete) return target
    for (const entry of this.#entries) target[entry.name] = this.#value(entry)
    Object.freeze(target)
    this.#complete = true
    return target
  }

  get(_target: Target, name: string | symbol): unknown {
    const entry = typeof name === 'string' ? this.#byName.get(name) : undefined
    return entry && this.#value(entry)
  }

  has(_target: Target, name: string | symbol): boolean {
    return typeof name === 'string' && this.#byName.has(name)
  }

  ownKeys(target: Target): (string | symbol)[] {
    return Reflect.ownKeys(this.#all(target))
  }

  getOwnPropertyDescriptor(target: Target, name: string | symbol): PropertyDescriptor | undefined {
    return Reflect.getOwnPropertyDescriptor(this.#all(target), name)
  }

  isExtensible(target: Target): boolean {
    return Reflect.isExtensible(this.#all(target))
  }

  preventExtensions(target: Target): boolean {
    return Reflect.preventExtensions(this.#all(target))
  }

  set(target: Target, name: string | symbol, value: unknown): boolean {
    return Reflect.set(this.#all(target), name, value, target)
  }

  defineProperty(target: Target, name: string | symbol, descriptor: PropertyDescriptor): boolean {
    return Reflect.defineProperty(this.#all(target), name, descriptor)
  }

  deleteProperty(target: Target, name: string | symbol): boolean {
    return Reflect.deleteProperty(this.#all(target), name)
  }

  setPrototypeOf(target: Target, prototype: object | null): boolean {
    return Reflect.setPrototypeOf(this.#all(target), prototype)
  }
}
