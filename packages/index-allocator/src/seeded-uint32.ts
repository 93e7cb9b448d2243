/**
 * A small seeded generator, for the random strategy and for the conformance suite: a Weyl sequence (adding an odd
 * constant walks through all 2^32 states) whose counter is scrambled by the finaliser of MurmurHash3.
 */

/** A function that returns the next number from 0 to 2^32 - 1 at each call. */
export function seededUint32(seed: number): () => number {
  let counter = seed | 0
  return () => {
    counter = (counter + 0x9e3779b9) | 0
    let mixed = counter
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
    return (mixed ^ (mixed >>> 16)) >>> 0
  }
}
