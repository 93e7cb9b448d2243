/** Everything of one slot: of the one that has the focus, until Escape. */
import { element, make } from './elements.ts'
import type { SlotMapState } from './slot-map-state.ts'
import { appearanceOf, appearances, bytes, untouched } from './wording.ts'
import { placeOf, type SlotPlace } from './worker-cards.ts'

export class Details {
  readonly #panel = element('details', HTMLElement)
  readonly #list = element('details-list', HTMLElement)
  readonly #hint = element('details-hint', HTMLElement)
  #place: SlotPlace | undefined
  #state: SlotMapState | undefined
  #shown = ''

  constructor(map: HTMLElement) {
    map.addEventListener('focusin', ({ target }) => this.#show(placeOf(target)))
    map.addEventListener('keydown', ({ key }) => void (key === 'Escape' && this.#show(undefined)))
    element('close-details', HTMLButtonElement).addEventListener('click', () => this.#show(undefined))
  }

  update(state: SlotMapState): void {
    this.#state = state
    this.#draw()
  }

  #show(place: SlotPlace | undefined): void {
    this.#place = place
    this.#draw()
  }

  #draw(): void {
    const facts = this.#facts()
    this.#panel.hidden = facts === undefined
    this.#hint.hidden = facts !== undefined
    const shown = JSON.stringify(facts)
    if (facts === undefined || shown === this.#shown) return
    this.#shown = shown
    this.#list.replaceChildren(
      ...facts.flatMap(([term, value]) => [make('dt', {}, term), make('dd', {}, value)]),
    )
  }

  #facts(): [string, string][] | undefined {
    const worker = this.#place && this.#state?.workers[this.#place.worker]
    if (this.#place === undefined || worker === undefined) return undefined
    const slot = worker.slots[this.#place.slot] ?? untouched
    const { name, meaning } = appearances[appearanceOf(slot)]
    const facts: [string, string][] = [
      ['Slot', `${this.#place.slot} of worker ${this.#place.worker}`],
      ['State', `${name}: ${meaning}`],
    ]
    if (slot.module !== undefined) {
      const module = this.#state?.modules[slot.module]
      facts.push(['Module', module?.name ?? slot.module], ['UID', slot.module])
      if (module !== undefined) facts.push(['Digest', module.digest], ['Module is', module.state])
    }
    facts.push(['Hits', slot.hits.toLocaleString('en')])
    if (slot.residentBytes !== undefined) facts.push(['Resident', bytes(slot.residentBytes)])
    if (worker.busy) facts.push(['As of', 'the last answer of the worker, which is busy'])
    return facts
  }
}
