/** What is said of slots, in words: for details, and for screen readers. */
import type { MapSlot } from './slot-map-state.ts'

/** How a slot is drawn: its state, and for an affine one whether it is warm. */
export type Appearance = MapSlot['state'] | 'warm'

export const untouched: MapSlot = { state: 'untouched', warm: false, hits: 0 }

export function appearanceOf({ state, warm }: MapSlot): Appearance {
  return state === 'affine' && warm ? 'warm' : state
}

/** In the order of the key. */
export const appearances: Readonly<Record<Appearance, { readonly name: string; readonly meaning: string }>> =
  {
    warm: { name: 'warm', meaning: 'a live instance waits for the next request' },
    affine: { name: 'affine', meaning: 'the image of its module is mapped' },
    'in-use': { name: 'in use', meaning: 'a request has it' },
    queued: { name: 'queued', meaning: 'waits to be reset; may be used before' },
    empty: { name: 'empty', meaning: 'was used; nothing is mapped' },
    untouched: { name: 'untouched', meaning: 'never used' },
    retired: { name: 'retired', meaning: 'given up: the kernel refused to clear it' },
  }

const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']

export function bytes(count: number): string {
  const power = Math.min(Math.floor(Math.log2(Math.max(count, 1)) / 10), units.length - 1)
  const value = count / 2 ** (10 * power)
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`
}

export function counted(count: number, one: string, many: string = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`
}

/** All of a slot in a sentence. @param moduleName of the module that it holds */
export function describeSlot(number: number, slot: MapSlot, moduleName: string | undefined): string {
  const parts = [`Slot ${number}: ${appearances[appearanceOf(slot)].name}`]
  if (moduleName !== undefined) parts.push(moduleName)
  if (slot.hits > 0) parts.push(counted(slot.hits, 'hit'))
  if (slot.residentBytes !== undefined) parts.push(`${bytes(slot.residentBytes)} resident`)
  return parts.join(', ')
}
