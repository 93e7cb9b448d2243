/**
 * What each function weighs together with all that it calls, which functions check when they begin, and which calls check:
 * see `place-checks.ts`. Walks the graph of calls in depth, without recursion of our own: modules may have chains of any length.
 */
import { callee } from './callee.ts'
import type { CodeSites } from './find-calls.ts'
import type { CallWeights, LongestPaths } from './longest-path.ts'

/** In bytes of code that run once; some 4 are executed in a nanosecond. */
const heavyWeight = 32 * 1024
/**
 * Recursion is some 30,000 deep at most, so unwinding it may run so many times this unchecked: half a second's work, in a
 * module made for that.
 */
const unwindWeight = 64 * 1024
/**
 * Of a cycle of calls the function is checked where it is entered; one of so few bytes (a count goes down, and seldom to zero)
 * is called much more often than it leads on, so there it is the call that closes the cycle.
 */
const smallFunction = 128
/** How many steps are made between two yields. */
const sliceSteps = 65_536

const unseen = 0
const entered = 1
const done = 2

export function* weighCalls(
  found: CodeSites,
  paths: LongestPaths,
  referenced: Uint8Array,
  leadsOn: Uint8Array,
): Generator<void, WeightWalk> {
  const walk = new WeightWalk(found, paths)
  const { weights, heavy } = walk
  for (const [index, refers] of referenced.entries())
    if (refers === 1 && leadsOn[index] === 1) heavy[index] = 1
  // Those that make no indirect call first: they say what one weighs.
  for (const [root, leads] of leadsOn.entries()) if (leads === 0) yield* walk.from(root)
  for (const [index, refers] of referenced.entries()) {
    if (refers === 1 && heavy[index] === 0)
      walk.indirectWeight = Math.max(walk.indirectWeight, weights[index]!)
  }
  for (const root of leadsOn.keys()) yield* walk.from(root)
  return walk
}

export class WeightWalk implements CallWeights {
  readonly weights: Float64Array
  /** 1 for the functions that check when they begin. */
  readonly heavy: Uint8Array
  /** By the number of the site: 1 for the calls that close a cycle, and check. */
  readonly closing: Uint8Array
  /** 1 for functions out of which recursion is possible. */
  readonly #deep: Uint8Array
  /** What an indirect call weighs. */
  indirectWeight = 0
  readonly #found: CodeSites
  readonly #states: Uint8Array
  /** Per function: the next call to look at. */
  readonly #next: Int32Array
  readonly #path: number[] = []
  readonly #paths: LongestPaths
  #steps = 0

  constructor(found: CodeSites, paths: LongestPaths) {
    this.#found = found
    this.#paths = paths
    this.#deep = new Uint8Array(found.weights.length)
    this.closing = new Uint8Array(found.sites.length / 3)
    this.weights = Float64Array.from(found.weights)
    this.heavy = new Uint8Array(found.weights.length)
    this.#states = new Uint8Array(found.weights.length)
    this.#next = Int32Array.from(found.firsts)
  }

  *from(root: number): Generator<void> {
    if (this.#states[root] !== unseen) return
    this.#path.push(root)
    while (this.#path.length > 0) {
      if (++this.#steps >= sliceSteps) {
        this.#steps = 0
        yield
      }
      this.#step(this.#path.at(-1)!)
    }
  }

  #step(current: number): void {
    const { firsts, sites } = this.#found
    const states = this.#states
    states[current] = entered
    const site = this.#next[current]!
    if (site === firsts[current + 1]) {
      states[current] = done
      if (this.weights[current]! > heavyWeight) this.#takeLongestPath(current)
      if (this.weights[current]! > heavyWeight) this.heavy[current] = 1
      this.#path.pop()
      return
    }
    const target = sites[site + 2]!
    if (target >= 0 && states[target] === unseen) {
      this.#path.push(target)
      return
    }
    this.#next[current] = site + 3
    if (target < 0 && target !== callee.unknown) return
    if (states[target] === entered) {
      // It is on the path, so this call closes a cycle.
      if (this.#found.weights[target]! > smallFunction) this.heavy[target] = 1
      else this.closing[site / 3] = 1
      this.#deep[current] = 1
      return
    }
    if (this.unwinds(target)) this.#deep[current] = 1
    this.weights[current]! += this.weightOf(target)
  }

  weightOf(target: number): number {
    if (target === callee.unknown) return this.indirectWeight
    // Of one that is on the path the weight is not known yet; a check stands before its call.
    return this.heavy[target] === 1 || this.#states[target] === entered ? 0 : this.weights[target]!
  }

  unwinds(target: number): boolean {
    return target === callee.unknown || this.#deep[target] === 1
  }

  /** The sum of all its code and calls was too much: the longest way through it may not be. */
  #takeLongestPath(index: number): void {
    const { entries, ends } = this.#found
    const [start, end] = [entries[index]!, ends[index]!]
    this.#steps += (end - start) >>> 4
    const longest = this.#paths.of(start, end, this, Infinity, [])
    if (longest !== undefined) this.weights[index] = longest
  }

  /** The positions behind those calls of a function that need a check there, from the last to the first; a new list. */
  callsToCheckBehind(index: number): number[] {
    if (this.weights[index]! <= unwindWeight) return []
    const { entries, ends, firsts, sites } = this.#found
    const behind: number[] = []
    const longest = this.#paths.of(entries[index]!, ends[index]!, this, unwindWeight, behind)
    if (longest !== undefined) return behind
    for (let site = firsts[index + 1]! - 3; site >= firsts[index]!; site -= 3) {
      const target = sites[site + 2]!
      if ((target >= 0 || target === callee.unknown) && this.unwinds(target)) behind.push(sites[site + 1]!)
    }
    return behind
  }
}
