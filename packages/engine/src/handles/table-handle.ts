/**
 * The handle of an exported table: the WebAssembly.Table interface, with functions exchanged for handles at the border.
 * Source: WebAssembly JavaScript interface, section 5.4 (Tables).
 */
import type { Exchange } from './function-handle.ts'
import type { Gate } from './gate.ts'
import type { RawTable } from './logical-table.ts'

export class PooledTable {
  readonly #gate: Gate
  readonly #raw: RawTable
  readonly #exchange: Exchange
  readonly #onChange: () => void

  /** `onChange` is told before the host changes the table, where no reset undoes that. */
  constructor(gate: Gate, raw: RawTable, exchange: Exchange, onChange: () => void) {
    this.#gate = gate
    this.#raw = raw
    this.#exchange = exchange
    this.#onChange = onChange
  }

  /** @throws InstanceReleasedError, as all of this class. */
  get length(): number {
    this.#gate.pass('table')
    return this.#raw.length
  }

  get(index: number): unknown {
    this.#gate.pass('table')
    return this.#exchange.toHost(this.#raw.get(index))
  }

  set(...values: [index: number, value?: unknown]): void {
    this.#gate.pass('table')
    this.#onChange()
    this.#raw.set(...(values.map((value) => this.#exchange.toInstance(value)) as [number]))
  }

  grow(...values: [delta: number, value?: unknown]): number {
    this.#gate.pass('table')
    this.#onChange()
    return this.#raw.grow(...(values.map((value) => this.#exchange.toInstance(value)) as [number]))
  }
}

Object.setPrototypeOf(PooledTable.prototype, WebAssembly.Table.prototype)
// As on WebAssembly.Table, where `set` and `grow` take one argument at least.
for (const method of ['set', 'grow'] as const) {
  Object.defineProperty(PooledTable.prototype[method], 'length', { value: 1, configurable: true })
}
