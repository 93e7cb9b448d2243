/** Random choices that a seed repeats: the generator sfc32, 32 bits at a time. */

export class Random {
  #a: number
  #b: number
  #c = 0x9e37_79b9
  #counter = 1

  constructor(seed: number) {
    this.#a = seed >>> 0
    this.#b = Math.floor(seed / 2 ** 32) >>> 0
    for (let round = 0; round < 12; round++) this.next()
  }

  /** From 0 to 2^32 - 1. */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter) >>> 0
    this.#counter = (this.#counter + 1) >>> 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) >>> 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) >>> 0
    return sum
  }

  /** From 0 to `limit - 1`; 0 for a limit of 0. */
  below(limit: number): number {
    return limit === 0 ? 0 : this.next() % limit
  }

  /** True once in `times`. */
  oneIn(times: number): boolean {
    return this.below(times) === 0
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!
  }

  bytes(count: number): number[] {
    return Array.from({ length: count }, () => this.below(256))
  }

  bigint(): bigint {
    return (BigInt(this.next()) << 32n) | BigInt(this.next())
  }

  /** Small numbers, borders of LEB128 and of 32 bits, anything. */
  integer(): number {
    switch (this.below(6)) {
      case 0:
        return this.below(4)
      case 1:
        return this.below(130)
      case 2:
        return this.pick(borders)
      case 3:
        return (this.pick(borders) + this.below(5) - 2) >>> 0
      case 4:
        return 2 ** this.below(32)
      default:
        return this.next()
    }
  }
}

const borders = [
  0,
  63,
  64,
  127,
  128,
  255,
  8_191,
  8_192,
  16_383,
  16_384,
  50_000,
  65_535,
  65_536,
  100_000,
  1_000_000,
  2_097_151,
  10_000_000,
  2 ** 28 - 1,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
] as const
