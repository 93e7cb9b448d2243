/** Changes a binary: bytes, integers, sections, entries, instructions. One call makes one to four changes. */
import { mutateBytes, mutateInteger } from './mutate-bytes.ts'
import { mutateCode } from './mutate-code.ts'
import { mutateEntries, mutateSections } from './mutate-sections.ts'
import type { Random } from './random.ts'
import type { Bytes } from './sections.ts'

/** Mutations make nothing larger than this, in bytes, save the rare one that declares very many locals. */
export const greatestBytes: number = 200_000

type Mutation = (bytes: Bytes, random: Random, other: () => Bytes) => Bytes

const weighted: readonly (readonly [weight: number, mutation: Mutation])[] = [
  [2, mutateBytes],
  [3, mutateInteger],
  [2, mutateSections],
  [4, mutateEntries],
  [8, mutateCode],
]
const mutations = weighted.flatMap(([weight, mutation]) => Array<Mutation>(weight).fill(mutation))

/** @param other another binary of the corpus, to take parts from */
export function mutate(bytes: Bytes, random: Random, other: () => Bytes): Bytes {
  let mutated = bytes
  const changes = random.oneIn(3) ? 1 + random.below(4) : 1
  for (let change = 0; change < changes; change++) mutated = random.pick(mutations)(mutated, random, other)
  return mutated.length > greatestBytes ? mutated.slice(0, greatestBytes) : mutated
}
