/**
 * The handle of an exported table: the WebAssembly.Table interface, with functions exchanged for handles at the border.
 * Source: WebAssembly JavaScript interface, section 5.4 (Tables).
 */
import type { Use } from './links.ts'
import type { RawTable } from './logical-table.ts'
import { Sharers } from './sharers.ts'
import { standInFor } from './stand-in.ts'

export class PooledTable {
  readonly #use: Use
  readonly #raw: RawTable
  readonly #carriesFunctions: boolean
  readonly #onChange: () => void
  #sharers: Sharers | undefined

  /** `onChange` is told before the host changes the table, where no reset undoes that. */
  constructor(use: Use, raw: RawTable, carriesFunctions: boolean, onChange: () => void) {
    this.#use = use
    this.#raw = raw
    this.#carriesFunctions = carriesFunctions
    this.#onChange = onChange
  }

  /** @throws InstanceReleasedError, as all of this class. */
  get length(): number {
    this.#pass()
    return this.#raw.length
  }

  get(index: number): unknown {
    this.#pass()
    const value = this.#use.gate.during(() => this.#raw.get(index))
    return this.#carriesFunctions ? this.#use.exchange.toHost(value) : value
  }

  set(...values: [index: number, value?: unknown]): void {
    this.#pass()
    this.#onChange()
    this.#use.gate.during(() => this.#raw.set(...(this.#toInstance(values) as [number])))
  }

  grow(...values: [delta: number, value?: unknown]): number {
    this.#pass()
    this.#onChange()
    return this.#use.gate.during(() => this.#raw.grow(...(this.#toInstance(values) as [number])))
  }

  /** In a table of JavaScript values a handle stays what it is. */
  #toInstance(values: unknown[]): unknown[] {
    return this.#carriesFunctions ? values.map((value) => this.#use.exchange.toInstance(value)) : values
  }

  #pass(): void {
    if (this.#sharers?.live !== true) this.#use.gate.pass('table')
  }

  static useOf(table: PooledTable): Use {
    return table.#use
  }

  /**
   * The raw table, for `user` who imports it: the handle stays usable until all who have it are released. `undefined`
   * where its size is a logical one, which other modules would not see.
   */
  static share(table: PooledTable, user: Use): WebAssembly.Table | undefined {
    table.#pass()
    if (!(table.#raw instanceof WebAssembly.Table)) return undefined
    table.#sharers ??= new Sharers(table.#use)
    table.#sharers.add(user)
    return table.#raw
  }
}

standInFor(PooledTable, 'Table')
// As on WebAssembly.Table, where `set` and `grow` take one argument at least.
for (const method of ['set', 'grow'] as const) {
  Object.defineProperty(PooledTable.prototype[method], 'length', { value: 1, configurable: true })
}
