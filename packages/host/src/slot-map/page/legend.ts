/** The modules, with their marks and what their slots come to. One that is purged stays for a moment, and fades. */
import { element, make, setText } from './elements.ts'
import type { ModuleBook } from './slot-cells.ts'
import type { MapModule, SlotMapState } from './slot-map-state.ts'
import { type ModuleTotals, noTotals } from './totals.ts'
import { bytes } from './wording.ts'

interface LegendRow {
  readonly element: HTMLTableRowElement
  readonly cells: readonly HTMLElement[]
}

/** As long as the slots' colours take to fade. */
const leaveAfterMs = 2_500

export class Legend {
  readonly #body = element('modules', HTMLTableSectionElement)
  readonly #none = element('no-modules', HTMLElement)
  readonly #modules: ModuleBook
  readonly #rows = new Map<string, LegendRow>()

  constructor(modules: ModuleBook) {
    this.#modules = modules
  }

  update({ modules }: SlotMapState, totals: ReadonlyMap<string, ModuleTotals>): void {
    for (const [uid, module] of Object.entries(modules)) {
      const row = this.#rows.get(uid) ?? this.#add(uid, module)
      this.#fill(row, module.state, totals.get(uid) ?? noTotals())
    }
    // Those that could not be loaded go at once; those that are purged are told to.
    for (const [uid, row] of this.#rows)
      if (!Object.hasOwn(modules, uid)) this.#fill(row, 'purging', totals.get(uid) ?? noTotals())
    this.#none.hidden = this.#rows.size > 0
  }

  /** The module is purged. */
  leave(uid: string): void {
    const row = this.#rows.get(uid)
    if (row === undefined) return
    this.#rows.delete(uid)
    this.#fill(row, 'purged', noTotals())
    row.element.classList.add('leaving')
    setTimeout(() => {
      row.element.remove()
      this.#none.hidden = this.#rows.size > 0
    }, leaveAfterMs)
  }

  #add(uid: string, { name }: MapModule): LegendRow {
    const { hue, code } = this.#modules.mark(uid)
    const swatch = make('span', { class: 'swatch', 'data-look': 'warm', 'aria-hidden': 'true' }, code)
    swatch.style.setProperty('--hue', String(hue))
    const label = make('span', {}, name)
    if (uid !== name) label.append(make('span', { class: 'uid' }, uid))
    const module = make('span', { class: 'module' }, swatch, label)
    const head = make('th', { scope: 'row' }, module)
    const cells = Array.from({ length: 6 }, () => make('td'))
    const row = { element: make('tr', { 'data-module': uid }, head, ...cells), cells }
    this.#rows.set(uid, row)
    this.#body.append(row.element)
    return row
  }

  #fill({ cells }: LegendRow, state: string, totals: ModuleTotals): void {
    const { slots, warm, inUse, hits, residentBytes } = totals
    const numbers = [slots, warm, inUse, hits].map((number) => number.toLocaleString('en'))
    for (const [index, text] of [state, ...numbers, bytes(residentBytes)].entries())
      setText(cells[index]!, text)
  }
}
