/**
 * The slot map's page.
 *
 *     event stream ──► state ──► WorkerCards (cells), Legend (modules), Details (one slot), announcements
 */
import { type ConnectionState, stayConnected } from './connection.ts'
import { Departures } from './departures.ts'
import { Details } from './details.ts'
import { element, make, setText } from './elements.ts'
import type { ServerEvent } from './event-parser.ts'
import { Keyboard } from './keyboard.ts'
import { Legend } from './legend.ts'
import { type Json, merge } from './merge-patch.ts'
import { ModuleMarks } from './module-marks.ts'
import type { ModuleBook } from './slot-cells.ts'
import { changesEvent, type SlotMapState, wholeEvent } from './slot-map-state.ts'
import { TokenForm } from './token-form.ts'
import { totalsOf } from './totals.ts'
import { appearances, counted } from './wording.ts'
import { WorkerCards, type WorkersPatch } from './worker-cards.ts'

const connectionWords: Readonly<Record<ConnectionState, string>> = {
  connecting: 'connecting',
  live: 'live',
  waiting: 'no connection; trying again',
  refused: 'a token is needed',
  hidden: 'paused',
}

/** A merge patch of a state. */
interface StatePatch {
  readonly workers?: WorkersPatch
}

let state: SlotMapState | undefined
const marks = new ModuleMarks()
/** Names outlast their modules: a slot may still have one that is purged. */
const names = new Map<string, string>()
const modules: ModuleBook = {
  name: (uid) => names.get(uid) ?? uid,
  mark: (uid) => marks.of(uid, names.get(uid) ?? uid),
}

const map = element('map', HTMLElement)
const cards = new WorkerCards(map, modules)
const keyboard = new Keyboard(map, cards)
const details = new Details(map)
const legend = new Legend(modules)
const departures = new Departures()
const tokenForm = new TokenForm()
const announcements = element('announcements', HTMLElement)
const connection = element('connection', HTMLElement)
const summary = element('summary', HTMLElement)

function received({ name, data }: ServerEvent): void {
  if (name === wholeEvent) {
    state = JSON.parse(data) as SlotMapState
    draw(state, undefined)
  } else if (name === changesEvent && state !== undefined) {
    const patch = JSON.parse(data) as StatePatch
    merge(state as unknown as Json, patch as unknown as Json)
    draw(state, patch.workers ?? {})
  }
}

/** @param patch what has changed of the workers; undefined: anything may have */
function draw(now: SlotMapState, patch: WorkersPatch | undefined): void {
  for (const [uid, { name }] of Object.entries(now.modules)) {
    names.set(uid, name)
    // Codes are given in the order of the modules, whatever slots they are in.
    marks.of(uid, name)
  }
  const totals = totalsOf(now)
  cards.update(now, patch)
  for (const [number, used] of totals.workers) cards.get(Number(number))?.count(used)
  keyboard.update()
  legend.update(now, totals.modules)
  details.update(now)
  const gone = departures.update(now, totals.modules)
  for (const uid of gone.keys()) {
    legend.leave(uid)
    marks.forget(uid)
    names.delete(uid)
  }
  if (gone.size > 0) {
    const words = [...gone.values()].map(({ name }) => `module ${name} purged: no slot left`)
    announcements.textContent = words.join('; ')
  }
  const workers = Object.keys(now.workers).length
  const slots = counted(now.slotsPerWorker, 'slot') + (workers === 1 ? '' : ' each')
  const loaded = counted(Object.keys(now.modules).length, 'module')
  setText(summary, `${counted(workers, 'worker')} with ${slots}, ${loaded}`)
}

function connectionIs(now: ConnectionState): void {
  if (now === 'live') tokenForm.accepted()
  connection.dataset['state'] = now
  setText(connection, connectionWords[now])
  // What is drawn is old, and looks so.
  map.classList.toggle('stale', now !== 'live' && state !== undefined)
}

function drawKey(): void {
  const entries = Object.entries(appearances).flatMap(([look, { name, meaning }]) => {
    const hasModule = !['empty', 'untouched'].includes(look)
    const swatch = make('span', { class: 'swatch', 'data-look': look, 'aria-hidden': 'true' })
    if (hasModule) swatch.textContent = 'Mo'
    return [make('dt', {}, swatch, name), make('dd', {}, meaning)]
  })
  element('key', HTMLElement).replaceChildren(...entries)
}

drawKey()
void stayConnected({
  // Beside the page, wherever a proxy has put that.
  url: 'v1/slots/events',
  token: () => tokenForm.token,
  newToken: (tried) => tokenForm.ask(tried),
  onEvent: received,
  onState: connectionIs,
})
