/**
 * Where code must look whether its time is over: so often that a guest stops within milliseconds, and so seldom that it
 * costs little.
 *
 * Each loop checks at its head or where it leads back there: see `loop-edges.ts`. Calls are checked where they can add up to much without a loop, when a function begins:
 *
 *   weight of a function = bytes of its code, those of short loops as often as they run, + weights of all that it calls, unless those check
 *   a function checks     if its weight is above `heavyWeight`, if it calls itself (directly or not),
 *                         or if a reference to it can exist and it makes an indirect call (itself, or by what it calls)
 *
 *   f --call--> g --call_indirect--> ?  one of those that references can exist of: those that could lead on check,
 *                                       of the others the heaviest is what such a call weighs
 *
 * So every cycle of calls has a check in it, through tables and through other modules too, and no tree of calls grows beyond
 * the limit. Most calls in real code, and most indirect ones (an allocator's, a comparison's), go to small functions that
 * lead nowhere, and cost nothing.
 *
 * Unwinding from a deep recursion begins no function: where it could take long, a check stands behind calls too.
 */
import { callee } from './callee.ts'
import { checkBranch, insertCheck } from './deadline-check.ts'
import type { CodeSites } from './find-calls.ts'
import { findCalls } from './find-calls.ts'
import type { ModuleStructure } from './module-structure.ts'
import { referencedFunctions } from './referenced-functions.ts'

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

/** The patches that insert checks, in the order of the code, three numbers each: see `CodeScan.patches`. */
export function* placeChecks(structure: ModuleStructure): Generator<void, readonly number[]> {
  const found = yield* findCalls(structure)
  const { entries, firsts, sites } = found
  const referenced = yield* referencedFunctions(structure)
  yield
  const { weights, heavy } = yield* weigh(found, referenced, callsIndirectly(found))
  const checks: number[] = []
  for (const [index, weight] of weights.entries()) {
    if (index % sliceFunctions === 0) yield
    if (heavy[index] === 1) insert(checks, entries[index]!)
    for (let site = firsts[index]!; site < firsts[index + 1]!; site += 3) {
      const target = sites[site + 2]!
      const [from, to] = [sites[site]!, sites[site + 1]!]
      if (target === callee.loop || target === callee.back || weight > everyCallWeight) insert(checks, from)
      // A check that stands there already comes at every branch, taken or not.
      else if (target === callee.backIf && !endsWithCheckAt(checks, from)) checks.push(from, to, checkBranch)
      const unwinds = target === callee.unknown || heavy[target] === 1
      if (unwinds && weight > unwindWeight) insert(checks, to)
    }
  }
  return checks
}

/** 1 for the functions that make an indirect call, themselves or by what they call directly. */
function callsIndirectly({ weights, firsts, sites }: CodeSites): Uint8Array {
  const callers: number[][] = weights.map(() => [])
  const found = new Uint8Array(weights.length)
  const pending: number[] = []
  for (let index = 0; index < weights.length; index++) {
    for (let site = firsts[index]!; site < firsts[index + 1]!; site += 3) {
      const target = sites[site + 2]!
      if (target >= 0) callers[target]!.push(index)
      else if (target === callee.unknown && found[index] === 0) {
        found[index] = 1
        pending.push(index)
      }
    }
  }
  for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
    for (const caller of callers[index]!) {
      if (found[caller] === 1) continue
      found[caller] = 1
      pending.push(caller)
    }
  }
  return found
}

/** Behind one call and before the next may be the same place. */
function insert(checks: number[], position: number): void {
  if (!endsWithCheckAt(checks, position)) checks.push(position, position, insertCheck)
}

function endsWithCheckAt(checks: readonly number[], position: number): boolean {
  return checks.at(-3) === position && checks.at(-1) === insertCheck
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
function* weigh(found: CodeSites, referenced: Uint8Array, leadsOn: Uint8Array): Generator<void, Weights> {
  const walk = new WeightWalk(found)
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

class WeightWalk implements Weights {
  readonly weights: Float64Array
  readonly heavy: Uint8Array
  /** What an indirect call weighs. */
  indirectWeight = 0
  readonly #found: CodeSites
  readonly #states: Uint8Array
  /** Per function: the next call to look at. */
  readonly #next: Int32Array
  readonly #path: number[] = []
  #steps = 0

  constructor(found: CodeSites) {
    this.#found = found
    this.weights = Float64Array.from(found.weights)
    this.heavy = new Uint8Array(found.weights.length)
    this.#states = new Uint8Array(found.weights.length)
    this.#next = Int32Array.from(found.firsts)
  }

  *from(root: number): Generator<void> {
    if (this.#states[root] !== unseen) return
    this.#path.push(root)
    while (this.#path.length > 0) {
      if (++this.#steps % (sliceFunctions * 8) === 0) yield
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
    if (target === callee.unknown) this.weights[current]! += this.indirectWeight
    if (target < 0 || this.heavy[target] === 1) return
    // Entered and not done: it is on the path, so this call closes a cycle.
    if (states[target] === entered) this.heavy[target] = 1
    else this.weights[current]! += this.weights[target]!
  }
}
