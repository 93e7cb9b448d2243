/**
 * The slot that was freed last, whoever used it, else the lowest one never used: its memory is the likeliest to be in
 * the processor's caches, and as few slots as can be are ever touched. As Wasmtime's strategy of this name.
 * For programs with one module, or where images are cheap to map.
 */

import type { AllocationStrategy } from '../allocation-strategy.ts'

export function nextAvailable(): AllocationStrategy {
  return {
    name: 'nextAvailable',
    choose: (slots) => slots.mostRecentlyFreed ?? slots.nextUntouched,
  }
}
