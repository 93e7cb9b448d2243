/**
 * Where code must look whether its time is over: so often that a guest stops within milliseconds, and so seldom that it
 * costs little.
 *
 * Each loop checks at its head. Calls are checked where they can add up to much without a loop:
 *
 *   weight of a function = bytes of its code + weights of all functions that it calls, unless those are heavy
 *   heavy                = of a greater weight than `heavyWeight`, or calls itself, directly or not
 *
 * A heavy function checks where it begins, and so does a call of one that is not known (indirect), save within a loop: who
 * comes to it has passed the check at the loop's head. Other calls are not
 * checked: what they run until they return, or check, is at most the function's weight. So every cycle of calls has a check in
 * it, and no tree of calls grows beyond the limit; most calls in real code go to small functions and cost nothing.
 *
 * Unwinding from a deep recursion begins no function: where it could take long, a check stands behind calls too.
 */
import type { CodeSites } from './find-calls.ts'
import { callee, findCalls } from './find-calls.ts'
import type { ModuleStructure } from './module-structure.ts'

/** In bytes of code that run once; some 4 are executed in a nanosecond. */
const heavyWeight = 32 * 1024
/**
 * Recursion is some 30,000 deep at most, so unwinding it may run so many times this unchecked: half a second's work, in a
 * module made for that.
 */
const unwindWeight = 64 * 1024
/** A function of a greater weight checks at every call too. */
const everyCallWeight = 16 * 1024 * 1024

/** How many functions are looked at between two yields. */
const sliceFunctions = 8192

/** The positions of checks, in ascending order. */
export function* placeChecks(structure: ModuleStructure): Generator<void, readonly number[]> {
  const found = yield* findCalls(structure)
  const { entries, firsts, sites } = found
  yield
  const { weights, heavy } = yield* weigh(found)
  const checks: number[] = []
  for (const [index, weight] of weights.entries()) {
    if (index % sliceFunctions === 0) yield
    if (heavy[index] === 1) checks.push(entries[index]!)
    for (let site = firsts[index]!; site < firsts[index + 1]!; site += 3) {
      const target = sites[site + 2]!
      const checked = target === callee.loop || target === callee.unknown
      if (checked || weight > everyCallWeight) add(checks, sites[site]!)
      const unwinds = target <= callee.unknown || heavy[target] === 1
      if (unwinds && weight > unwindWeight) add(checks, sites[site + 1]!)
    }
  }
  return checks
}

/** Behind one call and before the next may be the same place. */
function add(checks: number[], position: number): void {
  if (checks.at(-1) !== position) checks.push(position)
}

interface Weights {
  readonly weights: Float64Array
  /** 1 for heavy functions. */
  readonly heavy: Uint8Array
}

const unseen = 0
const entered = 1
const done = 2

/** Walks the graph of calls in depth, without recursion of our own: modules may have chains of any length. */
function* weigh({ sizes, firsts, sites }: CodeSites): Generator<void, Weights> {
  const weights = Float64Array.from(sizes)
  const heavy = new Uint8Array(sizes.length)
  const states = new Uint8Array(sizes.length)
  const next = Int32Array.from(firsts)
  const path: number[] = []
  let steps = 0
  for (let root = 0; root < sizes.length; root++) {
    if (states[root] !== unseen) continue
    path.push(root)
    while (path.length > 0) {
      if (++steps % (sliceFunctions * 8) === 0) yield
      const current = path.at(-1)!
      states[current] = entered
      if (next[current] === firsts[current + 1]) {
        states[current] = done
        if (weights[current]! > heavyWeight) heavy[current] = 1
        path.pop()
        continue
      }
      const target = sites[next[current]! + 2]!
      if (target >= 0 && states[target] === unseen) {
        path.push(target)
        continue
      }
      next[current]! += 3
      if (target < 0 || heavy[target] === 1) continue
      // Entered and not done: it is on the path, so this call closes a cycle.
      if (states[target] === entered) heavy[target] = 1
      else weights[current]! += weights[target]!
    }
  }
  return { weights, heavy }
}
