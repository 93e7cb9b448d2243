/**
 * Moves through all slots with the keyboard. All slots together are one tab stop (a roving `tabindex`):
 *
 * - arrows: the next slot; up and down go on in the next worker
 * - Home, End: the row's first and last slot; with Ctrl: the first and last of all
 * - Page Up, Page Down: the same slot of the worker before or after
 */
import { columnsOf } from './slot-cells.ts'
import { placeOf, type SlotPlace, type WorkerCards } from './worker-cards.ts'

export class Keyboard {
  readonly #cards: WorkerCards
  #place: SlotPlace | undefined

  constructor(container: HTMLElement, cards: WorkerCards) {
    this.#cards = cards
    container.addEventListener('keydown', (event) => this.#pressed(event))
    container.addEventListener('focusin', ({ target }) => this.#setStop(placeOf(target)))
  }

  /** After workers came or went: there is always one tab stop. */
  update(): void {
    const [first] = this.#cards.list
    if (first === undefined) return
    const place = this.#place
    if (place === undefined || this.#cards.get(place.worker) === undefined)
      this.#setStop({ worker: first.number, slot: 0 })
    else this.#setStop(place)
  }

  #setStop(place: SlotPlace | undefined): void {
    if (place === undefined) return
    const before = this.#place && this.#cards.get(this.#place.worker)?.cells.cell(this.#place.slot)
    const now = this.#cards.get(place.worker)?.cells.cell(place.slot)
    this.#place = place
    if (before !== now) before?.setAttribute('tabindex', '-1')
    now?.setAttribute('tabindex', '0')
  }

  #pressed(event: KeyboardEvent): void {
    const from = placeOf(event.target)
    if (from === undefined || event.altKey || event.metaKey) return
    const to = this.#target(event, from)
    if (to === undefined) return
    event.preventDefault()
    const cell = this.#cards.get(to.worker)?.cells.cell(to.slot)
    cell?.focus()
    cell?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }

  #target({ key, ctrlKey }: KeyboardEvent, { worker, slot }: SlotPlace): SlotPlace | undefined {
    const cards = this.#cards.list
    const at = cards.findIndex(({ number }) => number === worker)
    const card = cards[at]
    if (card === undefined) return undefined
    const count = card.slotCount
    const columns = columnsOf(count)
    const row = slot - (slot % columns)
    const last = count - 1
    const other = (step: number, number: number): SlotPlace | undefined => {
      const next = cards[at + step]
      return next && { worker: next.number, slot: number }
    }
    switch (key) {
      case 'ArrowRight':
        return slot < last ? { worker, slot: slot + 1 } : other(1, 0)
      case 'ArrowLeft':
        return slot > 0 ? { worker, slot: slot - 1 } : other(-1, last)
      case 'ArrowDown':
        return slot + columns <= last ? { worker, slot: slot + columns } : other(1, slot % columns)
      case 'ArrowUp':
        return slot >= columns
          ? { worker, slot: slot - columns }
          : other(-1, lastInColumn(slot % columns, count))
      case 'Home':
        return ctrlKey ? { worker: cards[0]!.number, slot: 0 } : { worker, slot: row }
      case 'End':
        if (ctrlKey) return { worker: cards.at(-1)!.number, slot: last }
        return { worker, slot: Math.min(row + columns - 1, last) }
      case 'PageDown':
        return other(1, slot)
      case 'PageUp':
        return other(-1, slot)
      default:
        return undefined
    }
  }
}

function lastInColumn(column: number, count: number): number {
  const columns = columnsOf(count)
  return column + columns * Math.floor((count - 1 - column) / columns)
}
