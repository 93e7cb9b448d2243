/**
 * A table whose logical size is kept in a global of the module, beside a real table that never shrinks; see
 * `binary/table-helpers.ts` for the other side of it.
 *
 * What lies beyond the logical size is answered by a table of exactly that size, made for the occasion, so that V8
 * itself words the error.
 */

/** What a table handle works on; a WebAssembly.Table is one by itself. */
export interface RawTable {
  readonly length: number
  get(index: number): unknown
  set(index: number, value?: unknown): void
  grow(delta: number, value?: unknown): number
}

export class LogicalTable implements RawTable {
  readonly #table: WebAssembly.Table
  readonly #size: WebAssembly.Global
  readonly #maximumEntries: number

  constructor(table: WebAssembly.Table, size: WebAssembly.Global, maximumEntries: number) {
    this.#table = table
    this.#size = size
    this.#maximumEntries = maximumEntries
  }

  get length(): number {
    return (this.#size.value as number) >>> 0
  }

  get(index: number): unknown {
    const place = placeOf(index)
    return this.#for(place).get(place)
  }

  set(...values: [index: number, value?: unknown]): void {
    const [index, ...rest] = values
    const place = placeOf(index)
    this.#for(place).set(...([place, ...rest] as [number]))
  }

  grow(...values: [delta: number, value?: unknown]): number {
    const old = this.length
    const stand = this.#standIn()
    // Grown for its checks: of the argument, and against the maximum.
    stand.grow(...(values as [number]))
    const length = stand.length
    const real = this.#table.length
    if (length > real) this.#table.grow(length - real)
    // What was left out is undefined in an externref table, as V8 has it.
    for (let index = old; index < length; index++) this.#table.set(index, stand.get(index))
    this.#size.value = length
    return old
  }

  /** The real table where it has the same answer as one of the logical size, else a stand-in. */
  #for(place: number): WebAssembly.Table {
    const within = place >= 0 && place < this.length
    return within || this.#table.length === this.length ? this.#table : this.#standIn()
  }

  #standIn(): WebAssembly.Table {
    return new WebAssembly.Table({
      element: 'externref',
      initial: this.length,
      maximum: this.#maximumEntries,
    })
  }
}

/** Converts an index as V8 does, once; what cannot be converted is left for V8 to reject in its own words. */
function placeOf(index: unknown): number {
  if (typeof index === 'bigint' || typeof index === 'symbol') return index as unknown as number
  return +(index as number)
}
