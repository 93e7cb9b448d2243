/**
 * The deadlines of one engine: its share of the thread's clock, and how many were exceeded.
 *
 * The clock, with its watchdog, lives as long as an engine that has a share: until `close()`, or until a collection finds
 * the engine, its modules and its instances gone.
 */
import { CallClock } from './call-clock.ts'

interface SharedClock {
  readonly clock: CallClock
  engines: number
}

/** That of this thread, while any engine has a share. */
let shared: SharedClock | undefined

const dropped = new FinalizationRegistry<SharedClock>((share) => void giveUp(share))

async function giveUp(share: SharedClock): Promise<void> {
  share.engines--
  if (share.engines > 0) return
  if (shared === share) shared = undefined
  await share.clock.end()
}

export class EngineDeadlines {
  /** The uses in which a deadline was exceeded. */
  exceeded = 0
  readonly #share: SharedClock
  #closed = false

  constructor() {
    this.#share = shared ??= { clock: new CallClock(), engines: 0 }
    this.#share.engines++
    dropped.register(this, this.#share, this)
  }

  get clock(): CallClock {
    return this.#share.clock
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    dropped.unregister(this)
    await giveUp(this.#share)
  }
}
