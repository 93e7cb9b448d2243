/** All workers, in the order of their numbers; only those near the window have cells. */
import type { ModuleBook } from './slot-cells.ts'
import type { SlotMapState } from './slot-map-state.ts'
import { WorkerCard, type WorkerPatch } from './worker-card.ts'

/** How far outside the window cells are made, so that scrolling finds them there. */
const nearby = '600px'

/** A merge patch of the state's workers. */
export type WorkersPatch = Readonly<Record<string, WorkerPatch | null>>

export class WorkerCards {
  readonly #container: HTMLElement
  readonly #modules: ModuleBook
  readonly #cards = new Map<number, WorkerCard>()
  readonly #observer: IntersectionObserver
  #slotsPerWorker = 0

  constructor(container: HTMLElement, modules: ModuleBook) {
    this.#container = container
    this.#modules = modules
    this.#observer = new IntersectionObserver((entries) => this.#moved(entries), { rootMargin: nearby })
  }

  /** In the order of their numbers. */
  get list(): readonly WorkerCard[] {
    return [...this.#cards.values()]
  }

  get(number: number): WorkerCard | undefined {
    return this.#cards.get(number)
  }

  /** @param patch what has changed; undefined: anything may have */
  update({ workers, slotsPerWorker }: SlotMapState, patch: WorkersPatch | undefined): void {
    const numbers = Object.keys(workers).map(Number)
    const isOther = slotsPerWorker !== this.#slotsPerWorker
    this.#slotsPerWorker = slotsPerWorker
    for (const number of this.#cards.keys()) if (isOther || !numbers.includes(number)) this.#remove(number)
    // A new worker has a higher number than all before.
    for (const number of numbers) if (!this.#cards.has(number)) this.#add(number)
    for (const number of numbers) {
      const change = patch?.[number]
      if (patch === undefined || change)
        this.#cards.get(number)!.update(workers[number]!, change ?? undefined)
    }
    this.#container.dataset['size'] = slotsPerWorker > 256 ? 'small' : 'large'
  }

  #add(number: number): void {
    const card = new WorkerCard(number, this.#slotsPerWorker, this.#modules)
    this.#cards.set(number, card)
    this.#container.append(card.element)
    this.#observer.observe(card.element)
  }

  #remove(number: number): void {
    const card = this.#cards.get(number)
    if (card === undefined) return
    this.#observer.unobserve(card.element)
    card.element.remove()
    this.#cards.delete(number)
  }

  #moved(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      const card = this.#cards.get(Number((target as HTMLElement).dataset['worker']))
      if (isIntersecting) card?.cells.show()
      else card?.cells.drop()
    }
  }
}

/** A slot by its worker and number. */
export interface SlotPlace {
  readonly worker: number
  readonly slot: number
}

/** Where this element is in; undefined for those that are no cell. */
export function placeOf(target: EventTarget | null): SlotPlace | undefined {
  const cell = target instanceof Element ? target.closest<HTMLElement>('[data-slot]') : null
  const card = cell?.closest<HTMLElement>('[data-worker]')
  if (!cell || !card) return undefined
  return { worker: Number(card.dataset['worker']), slot: Number(cell.dataset['slot']) }
}
