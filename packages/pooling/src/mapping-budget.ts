/**
 * Keeps the process away from `vm.max_map_count`: V8 aborts the process where the kernel refuses it a mapping, so slots
 * are refused before. Counting mappings means reading all of `/proc/self/maps`, so it is done rarely: after each reading
 * half of what is left may be used before the next one.
 *
 * Other threads and pools take mappings too. A tenth of the limit stays untouched for them and for V8.
 */

import { mapCountLimit, mappingCount, mappingsPerReservation, mappingsPerSlot } from '@warmslot/memory-image'
import { LimitExceededError } from './errors/limit-exceeded-error.ts'

const MAPPINGS_PER_SLOT = mappingsPerReservation + mappingsPerSlot
/** After a refusal, nobody looks again for so long. */
const REFUSAL_MS = 100

/** Where the numbers come from. */
export interface MappingCounts {
  readonly count: () => number
  readonly limit: () => number
}

export class MappingBudget {
  readonly #clock: () => number
  readonly #counts: MappingCounts
  #slotsUntilNextLook = 0
  #refusedUntil = -Infinity
  #refusal: LimitExceededError | undefined = undefined

  constructor(clock: () => number, counts: MappingCounts = { count: mappingCount, limit: mapCountLimit }) {
    this.#clock = clock
    this.#counts = counts
  }

  /** To be called before a slot's address space is made. @throws LimitExceededError */
  spend(): void {
    if (this.#slotsUntilNextLook === 0) this.#look()
    this.#slotsUntilNextLook -= 1
  }

  #look(): void {
    if (this.#refusal !== undefined && this.#clock() < this.#refusedUntil) throw this.#refusal
    const limit = this.#counts.limit()
    const count = this.#counts.count()
    const left = Math.floor((limit * 0.9 - count) / MAPPINGS_PER_SLOT)
    if (left >= 1) {
      this.#slotsUntilNextLook = Math.ceil(left / 2)
      return
    }
    this.#refusedUntil = this.#clock() + REFUSAL_MS
    this.#refusal = refusal(count, limit)
    throw this.#refusal
  }
}

function refusal(count: number, limit: number): LimitExceededError {
  const message =
    `The process has ${count} memory mappings and may have ${limit} (kernel setting vm.max_map_count); a slot takes up ` +
    `to ${MAPPINGS_PER_SLOT}, and a tenth is left to others. Raise it (sysctl -w vm.max_map_count=...), or lower "slots".`
  return new LimitExceededError({
    option: 'vm.max_map_count',
    limit,
    requested: count + MAPPINGS_PER_SLOT,
    message,
  })
}
