/**
 * How a module gets into the workers, with as many warm instances as it asks for.
 *
 *     tryOne ─► one worker ─► toAll ─► the others ─► each in turn, without guests: its warm instances
 *     into   ─► a worker that comes up later
 */
import { UnusableModuleError } from '../errors/unusable-module-error.ts'
import { WorkerLostError } from '../errors/worker-lost-error.ts'
import type { FreeThreads } from './free-threads.ts'
import type { ModuleToLoad } from './protocol.ts'
import type { WorkerCrew } from './worker-crew.ts'
import type { WorkerThread } from './worker-thread.ts'

/** After so many lost workers a module is given to no other one. */
const mostLost = 3

export class ModuleLoader {
  readonly #crew: WorkerCrew
  readonly #free: FreeThreads
  readonly #workers: number
  readonly #giveBack: (thread: WorkerThread) => void

  /** @param workers how many there are to be @param giveBack of a thread that was reserved */
  constructor(
    crew: WorkerCrew,
    free: FreeThreads,
    workers: number,
    giveBack: (thread: WorkerThread) => void,
  ) {
    this.#crew = crew
    this.#free = free
    this.#workers = workers
    this.#giveBack = giveBack
  }

  /** Into one worker, before the others and whatever comes up later: what ends that one would end them all. */
  async tryOne(plan: ModuleToLoad): Promise<void> {
    for (let lost = 1; ; lost += 1) {
      const thread = await this.#free.any()
      try {
        return await thread.request({ type: 'load', module: plan })
      } catch (error) {
        if (!(error instanceof WorkerLostError)) throw error
        // Else it may have been another module's guest.
        if (error.begun || lost === mostLost)
          throw new UnusableModuleError(`An instance of the module ends its worker. ${error.message}`)
      }
    }
  }

  async toAll(plan: ModuleToLoad): Promise<void> {
    await this.#crew.tell({ type: 'load', module: plan })
    // One after the other, so that the others go on serving.
    for (const thread of this.#crew.threads) await this.#warmBetweenGuests(thread, plan)
  }

  /** Before the thread gets guests. */
  async into(thread: WorkerThread, plan: ModuleToLoad): Promise<void> {
    await thread.request({ type: 'load', module: plan })
    await this.#warm(thread, plan)
  }

  /** Guests that come meanwhile go to other workers, or wait: making instances takes milliseconds for each. */
  async #warmBetweenGuests(thread: WorkerThread, plan: ModuleToLoad): Promise<void> {
    if (this.#instancesEach(plan) === 1) return
    await this.#free.reserve(thread)
    try {
      await this.#warm(thread, plan)
    } catch (error) {
      if (!(error instanceof WorkerLostError)) throw error
      // Else it was ended for something else, and whatever comes up in its place warms the module as well.
      if (error.begun)
        throw new UnusableModuleError(
          `So many warm instances of the module end their worker: ask for fewer \`warmSlots\`, or raise \`workerHeapBytes\`. ${error.message}`,
        )
    } finally {
      this.#giveBack(thread)
    }
  }

  /** More than the one that each worker makes when it loads the module. */
  async #warm(thread: WorkerThread, plan: ModuleToLoad): Promise<void> {
    const instances = this.#instancesEach(plan)
    if (instances > 1) await thread.request({ type: 'warm', uid: plan.uid, instances })
  }

  #instancesEach({ settings }: ModuleToLoad): number {
    return Math.max(1, Math.ceil(settings.warmSlots / this.#workers))
  }
}
