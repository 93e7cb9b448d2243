/**
 * Any free slot, each as likely as the others. So that nobody can count on which slot comes next: in tests, to find
 * code that relies on the order, and where a guest must not foresee its address. The generator is not a
 * cryptographic one. As Wasmtime's strategy of this name.
 */

import type { AllocationStrategy } from '../allocation-strategy.ts'
import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import { seededUint32 } from '../seeded-uint32.ts'

export interface RandomOptions {
  /**
   * Start of the sequence, an integer from 0 to 4,294,967,295: the same seed and the same calls give the same slots.
   * @default drawn at random
   */
  seed?: number
}

export interface RandomStrategy extends AllocationStrategy {
  /** The seed in use: note it down to repeat a run. */
  readonly seed: number
}

/** @throws InvalidOptionError if the seed is out of range. */
export function random(options: RandomOptions = {}): RandomStrategy {
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 32)
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
    throw new InvalidOptionError('seed', `an integer from 0 to ${2 ** 32 - 1}`, seed)
  }
  const nextUint32 = seededUint32(seed)
  return {
    name: 'random',
    seed,
    // With at most 2^20 slots, the unevenness of scaling 32 bits down is below one part in 4,096.
    choose: (slots) => slots.at(Math.floor((nextUint32() / 2 ** 32) * slots.count)),
  }
}
