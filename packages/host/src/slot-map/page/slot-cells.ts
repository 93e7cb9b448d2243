/**
 * The cells of one worker: an ARIA grid with a fixed number of columns, so that a slot has its place. Cells are made when the worker
 * comes near the window, and dropped when it is far: 64 workers with 4,096 slots are 262,144 of them.
 */
import { make, setAttribute } from './elements.ts'
import type { ModuleMark } from './module-marks.ts'
import type { MapSlot } from './slot-map-state.ts'
import { appearanceOf, describeSlot, untouched } from './wording.ts'

/** What is known of modules. */
export interface ModuleBook {
  mark(uid: string): ModuleMark
  name(uid: string): string
}

type Slots = Readonly<Record<string, MapSlot>>

/** More slots than this are drawn small. */
const mostLargeSlots = 256
const largeColumns = 16
const smallColumns = 64

export function columnsOf(slotsPerWorker: number): number {
  return slotsPerWorker > mostLargeSlots ? smallColumns : largeColumns
}

export class SlotCells {
  readonly grid: HTMLElement
  readonly #count: number
  readonly #columns: number
  readonly #modules: ModuleBook
  #slots: Slots = {}
  /** Empty while there are none. */
  #cells: HTMLElement[] = []

  constructor(label: string, count: number, modules: ModuleBook) {
    this.#count = count
    this.#columns = columnsOf(count)
    this.#modules = modules
    const rows = Math.ceil(count / this.#columns)
    this.grid = make('div', { role: 'grid', 'aria-label': label, 'aria-rowcount': String(rows) })
    this.grid.setAttribute('aria-colcount', String(Math.min(count, this.#columns)))
    this.grid.className = this.#columns === smallColumns ? 'slots small' : 'slots'
    // Its height is there before its cells are.
    this.grid.style.setProperty('--rows', String(rows))
    this.grid.style.setProperty('--columns', String(Math.min(count, this.#columns)))
  }

  slot(number: number): MapSlot {
    return this.#slots[number] ?? untouched
  }

  /** The cell of a slot; makes all where there are none. */
  cell(number: number): HTMLElement {
    this.show()
    return this.#cells[number]!
  }

  show(): void {
    if (this.#cells.length > 0) return
    this.#cells = Array.from({ length: this.#count }, (_, number) => this.#newCell(number))
    const rows: HTMLElement[] = []
    for (let first = 0; first < this.#count; first += this.#columns) {
      rows.push(make('div', { role: 'row' }, ...this.#cells.slice(first, first + this.#columns)))
    }
    this.grid.replaceChildren(...rows)
  }

  /** Not while the focus is in it. */
  drop(): void {
    if (this.grid.contains(document.activeElement)) return
    this.#cells = []
    this.grid.replaceChildren()
  }

  /** Draws what has changed. @param changed numbers of slots; undefined: any may have */
  update(slots: Slots, changed: Iterable<string> | undefined): void {
    this.#slots = slots
    if (changed === undefined) for (const [number, cell] of this.#cells.entries()) this.#draw(cell, number)
    else for (const number of changed) this.#drawIfThere(Number(number))
  }

  #newCell(number: number): HTMLElement {
    const cell = make('span', { role: 'gridcell', tabindex: '-1', 'data-slot': String(number) })
    this.#draw(cell, number)
    return cell
  }

  #drawIfThere(number: number): void {
    const cell = this.#cells[number]
    if (cell !== undefined) this.#draw(cell, number)
  }

  #draw(cell: HTMLElement, number: number): void {
    const slot = this.slot(number)
    const { module } = slot
    setAttribute(cell, 'data-look', appearanceOf(slot))
    const words = describeSlot(number, slot, module === undefined ? undefined : this.#nameOf(module))
    setAttribute(cell, 'aria-label', words)
    setAttribute(cell, 'title', words)
    if (module === undefined) {
      // Hue and code stay, and fade with the colour.
      cell.removeAttribute('data-module')
      return
    }
    if (cell.dataset['module'] === module) return
    const { hue, code } = this.#modules.mark(module)
    cell.dataset['module'] = module
    cell.style.setProperty('--hue', String(hue))
    if (this.#columns !== smallColumns) cell.dataset['code'] = code
  }

  /** With the code that is drawn. */
  #nameOf(uid: string): string {
    return `${this.#modules.name(uid)} (${this.#modules.mark(uid).code})`
  }
}
