/**
 * Asks the kernel what it shows of images. Reading `/proc/self/maps` of a process with thousands of slots takes
 * milliseconds (off the event loop), so questions that come while one is being read are answered together by the next
 * reading: a thousand modules purged at the same time cost two readings, not a thousand.
 *
 * Invariant: an answer comes from a reading that began after the question.
 */

import { kernelTraces } from '@warmslot/memory-image'
import type { KernelView } from './purge-receipt.ts'

/** What was found of the images of one question. */
export interface KernelAnswer extends KernelView {
  readonly unknownBecause: unknown
  /** Mappings and descriptors of images other than these; `NaN` where unknown. */
  tracesOutside(names: ReadonlySet<string>): number
}

type Traces = ReadonlyMap<string, KernelView>

export class KernelQuestions {
  #running: Promise<unknown> | undefined = undefined
  #nextNames = new Set<string>()
  #next: Promise<Traces> | undefined = undefined

  async ask(memfdNames: readonly string[]): Promise<KernelAnswer> {
    if (memfdNames.length === 0) return answerFrom(memfdNames, new Map())
    try {
      return answerFrom(memfdNames, await this.#read(memfdNames))
    } catch (error) {
      return { mappings: NaN, descriptors: NaN, unknownBecause: error, tracesOutside: () => NaN }
    }
  }

  #read(memfdNames: readonly string[]): Promise<Traces> {
    for (const name of memfdNames) this.#nextNames.add(name)
    this.#next ??= this.#readNext()
    return this.#next
  }

  async #readNext(): Promise<Traces> {
    // Questions gather until the reading before is through, or for the rest of this turn's microtasks.
    await this.#running
    const names = [...this.#nextNames]
    this.#nextNames = new Set()
    this.#next = undefined
    const reading = kernelTraces(names)
    this.#running = reading.catch(() => {})
    return reading
  }
}

function answerFrom(memfdNames: readonly string[], traces: Traces): KernelAnswer {
  let mappings = 0
  let descriptors = 0
  for (const name of memfdNames) {
    mappings += traces.get(name)?.mappings ?? 0
    descriptors += traces.get(name)?.descriptors ?? 0
  }
  return {
    mappings,
    descriptors,
    unknownBecause: undefined,
    tracesOutside(names) {
      let outside = 0
      for (const name of memfdNames) {
        const view = names.has(name) ? undefined : traces.get(name)
        if (view !== undefined) outside += view.mappings + view.descriptors
      }
      return outside
    },
  }
}
