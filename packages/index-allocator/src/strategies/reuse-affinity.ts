/**
 * A slot that still maps the caller's image, if one is free; else the slot whose loss hurts least:
 *
 *     1. affine to the key, most recently freed
 *     2. used, without an image (purged ones too): nothing is lost, and no fresh memory is touched
 *     3. fewer than maxUnusedWarmSlots affine slots are free:  never used, else the least recently used affine one
 *        otherwise:                                            the least recently used affine one, else never used
 *
 * Wasmtime's default strategy knows 1 and 3; 2 keeps a stranger from evicting a live module's slot while a purged one
 * lies idle.
 */

import type { AllocationStrategy } from '../allocation-strategy.ts'
import { InvalidOptionError } from '../errors/invalid-option-error.ts'

export interface ReuseAffinityOptions {
  /**
   * From this many free slots with an image on (slots), an allocation evicts the least recently used one rather than
   * use one that was never used. So it limits how much memory idle images hold: an integer from 0 on, or Infinity.
   * It is Wasmtime's option of this name, where the default is 100.
   * @default Infinity: no live module's slot is evicted while one without an image is free
   */
  maxUnusedWarmSlots?: number
}

/** @throws InvalidOptionError if `maxUnusedWarmSlots` is out of range. */
export function reuseAffinity(options: ReuseAffinityOptions = {}): AllocationStrategy {
  const maximum = options.maxUnusedWarmSlots ?? Infinity
  if (maximum !== Infinity && (!Number.isSafeInteger(maximum) || maximum < 0)) {
    throw new InvalidOptionError('maxUnusedWarmSlots', 'an integer from 0 on, or Infinity', maximum)
  }
  return {
    name: 'reuseAffinity',
    choose(slots, key) {
      const affine = key === undefined ? undefined : slots.mostRecentlyAffineTo(key)
      const costsNothing = affine ?? slots.mostRecentlyFreedWithoutAffinity
      if (costsNothing !== undefined) return costsNothing
      return slots.affineCount < maximum
        ? (slots.nextUntouched ?? slots.leastRecentlyUsedAffine)
        : (slots.leastRecentlyUsedAffine ?? slots.nextUntouched)
    },
  }
}
