/** What can happen in a history. Numbers that choose are taken modulo of what there is to choose from. */

import * as fc from 'fast-check'

export interface MemoryChoice {
  readonly fill: number
  readonly imageBytes: number
  readonly imageOffset: number
  readonly initialPages: number
  readonly maximumPages: number
  readonly kind: string | undefined
}

export type Operation =
  | { readonly kind: 'register'; readonly memories: readonly MemoryChoice[] }
  | { readonly kind: 'acquire' | 'wait' | 'purge'; readonly module: number }
  | { readonly kind: 'abort'; readonly wait: number }
  | { readonly kind: 'release'; readonly lease: number; readonly discard: number }
  | { readonly kind: 'write'; readonly lease: number; readonly at: number; readonly value: number }
  | { readonly kind: 'grow'; readonly lease: number; readonly pages: number }
  | { readonly kind: 'turn' }
  | { readonly kind: 'trim' }
  | { readonly kind: 'pressure'; readonly high: boolean }
  | { readonly kind: 'fault'; readonly call: string; readonly skip: number; readonly times: number }

export interface Settings {
  readonly slots: number
  readonly strategy: 'nextAvailable' | 'random' | 'reuseAffinity' | 'capped'
  readonly resetBatchSize: number
  readonly keepResidentBytes: number
  readonly purgeSliceMs: number
}

const memory: fc.Arbitrary<MemoryChoice> = fc.record({
  fill: fc.integer({ min: 0, max: 250 }),
  imageBytes: fc.constantFrom(1, 4096, 10_000, 65_536),
  imageOffset: fc.constantFrom(0, 100, 8192),
  initialPages: fc.integer({ min: 2, max: 3 }),
  maximumPages: fc.integer({ min: 3, max: 6 }),
  kind: fc.constantFrom(undefined, undefined, 'narrow', 'wide'),
})

export const operations: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('register'), memories: fc.array(memory, { maxLength: 3 }) }),
  },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('acquire'), module: fc.nat(99) }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('wait'), module: fc.nat(99) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('abort'), wait: fc.nat(99) }) },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('release'), lease: fc.nat(99), discard: fc.nat(9) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('write'), lease: fc.nat(99), at: fc.nat(), value: fc.nat(255) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('grow'),
      lease: fc.nat(99),
      pages: fc.integer({ min: 1, max: 5 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('purge'), module: fc.nat(99) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('turn') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('trim') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pressure'), high: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('fault'),
      call: fc.constantFrom('mmap', 'munmap', 'mprotect', 'madvise', 'ioctl', 'pread', 'any'),
      skip: fc.nat(4),
      times: fc.constantFrom(1, 1, 2, 5, 30),
    }),
  },
)

export const settings: fc.Arbitrary<Settings> = fc.record({
  slots: fc.integer({ min: 1, max: 5 }),
  strategy: fc.constantFrom('nextAvailable', 'random', 'reuseAffinity', 'capped'),
  resetBatchSize: fc.constantFrom(1, 1, 2, 8),
  keepResidentBytes: fc.constantFrom(0, 8192, 1 << 20),
  purgeSliceMs: fc.constantFrom(0.01, 0.5),
})
