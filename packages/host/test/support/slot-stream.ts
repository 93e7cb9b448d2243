/** A client of the slot map's event stream. */
import { EventParser } from '../../src/slot-map/page/event-parser.ts'
import { type Json, merge } from '../../src/slot-map/page/merge-patch.ts'
import type { SlotMapState } from '../../src/slot-map/page/slot-map-state.ts'

export interface SlotStream extends AsyncDisposable {
  readonly response: Response
  /** Names of the events so far. */
  readonly events: string[]
  /** As far as events have come. */
  readonly state: SlotMapState
  /** Resolves when the state is so. @throws Error when the stream ends before */
  until(isSo: (state: SlotMapState) => boolean): Promise<SlotMapState>
  /** Resolves when the host ends the stream. */
  ended(): Promise<void>
}

export async function openStream(admin: string, headers: Record<string, string> = {}): Promise<SlotStream> {
  const leaving = new AbortController()
  const response = await fetch(`${admin}/v1/slots/events`, { headers, signal: leaving.signal })
  const parser = new EventParser()
  const decoder = new TextDecoder()
  const reader = response.body!.getReader()
  const events: string[] = []
  let state: Json | undefined
  /** False: the stream has ended. */
  const read = async (): Promise<boolean> => {
    const { done, value } = await reader.read()
    if (done) return false
    for (const { name, data } of parser.push(decoder.decode(value, { stream: true }))) {
      events.push(name)
      const json = JSON.parse(data) as Json
      state = name === 'state' ? json : merge(state, json)
    }
    return true
  }
  const current = (): SlotMapState | undefined => state as unknown as SlotMapState | undefined
  return {
    response,
    events,
    get state() {
      return current()!
    },
    async until(isSo) {
      for (;;) {
        const known = current()
        if (known !== undefined && isSo(known)) return known
        if (!(await read())) throw new Error('the stream has ended')
      }
    },
    async ended() {
      while (await read());
    },
    async [Symbol.asyncDispose]() {
      leaving.abort()
      await reader.cancel().catch(() => undefined)
    },
  }
}

/** All slots that hold this module, with their worker. */
export function slotsOf(
  { workers }: SlotMapState,
  uid: string,
): { worker: number; state: string; warm: boolean }[] {
  return Object.entries(workers).flatMap(([worker, { slots }]) =>
    Object.values(slots)
      .filter(({ module }) => module === uid)
      .map(({ state, warm }) => ({ worker: Number(worker), state, warm })),
  )
}
