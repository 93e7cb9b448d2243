/**
 * Where code must look whether its time is over: so often that a guest stops within milliseconds, and so seldom that it
 * costs little.
 *
 * Each loop checks at its head or where it leads back there: see `loop-edges.ts`. Calls can add up to much without a loop, so
 *
 *   a function checks     when it begins, if its weight is above `heavyWeight`, if a call closes a cycle to it, or if a
 *                         reference to it can exist and it makes an indirect call (itself, or by what it calls)
 *   a call checks         if it closes a cycle to a small function
 *   weight of a function = bytes of its code and weights of what it calls, unless that checks: all together, or if that is too
 *                         much, on the longest way through it (`longest-path.ts`)
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
import { LongestPaths } from './longest-path.ts'
import type { ModuleStructure } from './module-structure.ts'
import { referencedFunctions } from './referenced-functions.ts'
import { weighCalls } from './weigh-calls.ts'

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
  const paths = new LongestPaths(structure.bytes, structure.importedFunctions, found.counted)
  const walk = yield* weighCalls(found, paths, referenced, callsIndirectly(found))
  const { weights, heavy, closing } = walk
  const checks: number[] = []
  for (const [index, weight] of weights.entries()) {
    if (index % sliceFunctions === 0) yield
    if (heavy[index] === 1) insert(checks, entries[index]!)
    const behind = walk.callsToCheckBehind(index)
    for (let site = firsts[index]!; site < firsts[index + 1]!; site += 3) {
      const target = sites[site + 2]!
      const [from, to] = [sites[site]!, sites[site + 1]!]
      const leadsBack = target === callee.loop || target === callee.back || closing[site / 3] === 1
      if (leadsBack || weight > everyCallWeight) insert(checks, from)
      // A check that stands there already comes at every branch, taken or not.
      else if (target === callee.backIf && !endsWithCheckAt(checks, from)) checks.push(from, to, checkBranch)
      if (behind.at(-1) === to) {
        behind.pop()
        insert(checks, to)
      }
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
