/** Waiting with a limit. Who waits in vain is told what was seen last. */
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError } from './api.ts'
import { CommandError } from './command-error.ts'

const pauseMs = 250
/** How long `holds` waits longer for its first look. */
const firstLookMs = 30_000

/** What a look gives that did not find what it is there for. */
export class NotYet {
  readonly seen: string

  constructor(seen: string) {
    this.seen = seen
  }
}

function isPassing(error: unknown): error is Error {
  // A busy API server, a node that comes back: looked at again. What an assertion throws is final.
  return (
    error instanceof ApiError ||
    error instanceof CommandError ||
    (error as Error).name === 'TimeoutError' ||
    error instanceof TypeError
  )
}

/** The first thing that `look` gives that is not {@link NotYet}. */
export async function waitFor<T>(what: string, limitMs: number, look: () => Promise<T | NotYet>): Promise<T> {
  const start = performance.now()
  let seen = 'nothing was looked at'
  while (performance.now() - start < limitMs) {
    try {
      const found = await look()
      if (!(found instanceof NotYet)) return found
      seen = found.seen
    } catch (error) {
      if (!isPassing(error)) throw error
      seen = error.message
    }
    await sleep(pauseMs)
  }
  throw new Error(`waited ${limitMs / 1000} s in vain for ${what}. Seen last: ${seen}`)
}

/** That `broken` never says anything, all the time. What it says is why it does not hold. */
export async function holds(
  what: string,
  forMs: number,
  broken: () => Promise<string | undefined>,
): Promise<void> {
  const start = performance.now()
  let looks = 0
  let failure: Error | undefined
  while (looks === 0 || performance.now() - start < forMs) {
    try {
      const why = await broken()
      looks++
      const afterMs = Math.round(performance.now() - start)
      if (why !== undefined) throw new Error(`after ${afterMs} ms it did not hold that ${what}: ${why}`)
    } catch (error) {
      if (!isPassing(error)) throw error
      failure = error
    }
    if (looks === 0 && performance.now() - start > forMs + firstLookMs)
      throw new Error(`nobody could look whether ${what}: ${failure?.message}`)
    await sleep(pauseMs)
  }
}
