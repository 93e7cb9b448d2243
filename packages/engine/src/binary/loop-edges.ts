/**
 * Where a loop is checked: at its back edges where that is less often than at its head, and not at all where nothing leads
 * back.
 *
 *   loop  ...  (br_if 0 (exit?))  ...  br 0  end        n turns: n checks at the head, n - 1 at the back edge
 *
 * Most loops in real code take a turn or two, so this halves their checks. A back edge is a `br` or `br_if` to the loop; where
 * there are many of them, or others (`br_table`, the branches of the GC proposal, catches), the head is the better place.
 */
import { callee } from './callee.ts'
import { turnsOfCountedLoop } from './counted-loops.ts'

/** Each back edge gets a check of its own: more code, so not for the loop of an interpreter. */
const mostEdges = 8

/** In bytes of code that run: what a loop without a check may come to. */
export const heaviestLoop: number = 16 * 1024

/** What {@link LoopEdges} keeps of a loop whose head has to check. */
const atTheHead = -1

/** Follows the nesting of one function body after the other, and decides at the end of each loop. */
export class LoopEdges {
  /** In bytes of code that run: what the loops of the body come to that do not check, in addition to its length. */
  weight = 0
  /** Where the bodies of such loops begin. */
  readonly counted: Set<number> = new Set()
  readonly #bytes: Uint8Array
  readonly #sites: number[]
  /** The open blocks from the outermost on: the number of a loop, or -1 for another block. */
  readonly #labels: number[] = []
  /** Per loop of the body: where its site is, how many edges lead back or {@link atTheHead}, and the newest edge. */
  readonly #heads: number[] = []
  readonly #counts: number[] = []
  readonly #newest: number[] = []
  readonly #typed: boolean[] = []
  /** Per edge of the body: where its site is, and the edge before it of the same loop. */
  readonly #edges: number[] = []
  readonly #before: number[] = []
  /** Loops among so many of the outermost blocks check at their heads. */
  #forced = 0

  /** @param sites the list whose targets are set: see `CodeSites.sites` */
  constructor(bytes: Uint8Array, sites: number[]) {
    this.#bytes = bytes
    this.#sites = sites
  }

  /** Begins a body, which is a block itself. */
  begin(): void {
    for (const list of [
      this.#labels,
      this.#heads,
      this.#counts,
      this.#newest,
      this.#typed,
      this.#edges,
      this.#before,
    ])
      list.length = 0
    this.#forced = 0
    this.weight = 0
    this.#labels.push(-1)
  }

  open(): void {
    this.#labels.push(-1)
  }

  /**
   * Opens a loop, and notes its site: `position`, behind its block type, which begins with the byte `type`. Where that is the
   * index of a type, the loop may take values, and a `br_if` to it passes them on.
   */
  openLoop(position: number, type: number): void {
    this.#labels.push(this.#heads.length)
    this.#heads.push(this.#sites.length)
    this.#counts.push(0)
    this.#typed.push(type < 0x40 || type >= 0x80)
    this.#newest.push(-1)
    this.#sites.push(position, position, callee.loop)
  }

  /** `br` or `br_if`, from byte `from` to byte `to`. */
  branch(label: number, from: number, to: number, kind: typeof callee.back | typeof callee.backIf): void {
    const loop = this.#loopOf(label)
    if (loop < 0 || this.#counts[loop] === atTheHead) return
    if (this.#counts[loop] === mostEdges || (this.#typed[loop] && kind === callee.backIf)) {
      this.#counts[loop] = atTheHead
      return
    }
    this.#counts[loop]!++
    this.#before.push(this.#newest[loop]!)
    this.#newest[loop] = this.#edges.push(this.#sites.length) - 1
    this.#sites.push(from, to, kind)
  }

  /** A branch of another kind. */
  otherBranch(label: number): void {
    const loop = this.#loopOf(label)
    if (loop >= 0) this.#counts[loop] = atTheHead
  }

  /** Branches of which nothing is known. */
  anyBranch(): void {
    this.#forced = this.#labels.length
  }

  /** Ends a block, whose `end` is at byte `position`. */
  close(position: number): void {
    const forced = this.#labels.length <= this.#forced
    const loop = this.#labels.pop()
    this.#forced = Math.min(this.#forced, this.#labels.length)
    if (loop === undefined || loop < 0) return
    const atEdges = !forced && this.#counts[loop] !== atTheHead
    const sites = this.#sites
    if (atEdges) sites[this.#heads[loop]! + 2] = callee.none
    if (atEdges && !this.#isShort(loop, position)) return
    for (let e = this.#newest[loop]!; e >= 0; e = this.#before[e]!) sites[this.#edges[e]! + 2] = callee.none
  }

  /** Whether the loop needs no check at all. */
  #isShort(loop: number, end: number): boolean {
    const edge = this.#edges[this.#newest[loop]!]
    if (edge === undefined || this.#counts[loop] !== 1 || this.#sites[edge + 2] !== callee.back) return false
    const start = this.#sites[this.#heads[loop]!]!
    const turns = turnsOfCountedLoop(this.#bytes, start, this.#sites[edge]!, end)
    if (turns === undefined || turns * (end - start) > heaviestLoop) return false
    this.weight += turns * (end - start)
    this.counted.add(start)
    return true
  }

  #loopOf(label: number): number {
    return this.#labels[this.#labels.length - 1 - label] ?? -1
  }
}
