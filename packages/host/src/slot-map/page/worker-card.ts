/** One worker: what it does, and its slots. */
import { make, setText } from './elements.ts'
import { type ModuleBook, SlotCells } from './slot-cells.ts'
import type { MapWorker } from './slot-map-state.ts'

/** A merge patch of a `MapWorker`. */
export interface WorkerPatch {
  readonly slots?: Readonly<Record<string, unknown>>
}

export class WorkerCard {
  readonly number: number
  readonly element: HTMLElement
  readonly cells: SlotCells
  readonly #doing = make('span', { class: 'doing' })
  readonly #used = make('span', { class: 'used' })
  readonly slotCount: number
  readonly #modules: ModuleBook

  constructor(number: number, slotCount: number, modules: ModuleBook) {
    this.number = number
    this.slotCount = slotCount
    this.#modules = modules
    this.cells = new SlotCells(`Slots of worker ${number}`, slotCount, modules)
    const title = make('h3', {}, `Worker ${number}`)
    const head = make('div', { class: 'worker-head' }, title, this.#doing, this.#used)
    const scroller = make('div', { class: 'scroller' }, this.cells.grid)
    this.element = make('section', { class: 'worker', 'data-worker': String(number) }, head, scroller)
  }

  /** @param patch what has changed; undefined: anything may have */
  update(worker: MapWorker, patch: WorkerPatch | undefined): void {
    this.element.classList.toggle('busy', worker.busy)
    setText(this.#doing, this.#activity(worker))
    this.cells.update(worker.slots, patch && Object.keys(patch.slots ?? {}))
  }

  /** How many slots hold a module. */
  count(used: number): void {
    setText(
      this.#used,
      `${used.toLocaleString('en')} of ${this.slotCount.toLocaleString('en')} hold a module`,
    )
  }

  #activity({ busy, running }: MapWorker): string {
    if (!busy) return ''
    return running === undefined ? 'busy' : `busy: runs ${this.#modules.name(running)}`
  }
}
