/**
 * Instances that share something: a memory, table, global or function that one exports and another imports.
 *
 *   side --uses--> main        side's code reaches into main's slots without the engine seeing it
 *   side <--uses-- main        and the other way where references can flow: a table holds functions of both
 *
 * Invariant: an instance's slots go back only when no instance that is in use can reach it along these arrows. So of two
 * that are linked either may be released first; what is shared works on until the last of them is released. An instance
 * that was never linked has no such object.
 */
import type { Exchange } from './callable.ts'
import type { Gate } from './gate.ts'
import { released } from './gate.ts'

/** Something that several uses have. */
export interface Shared {
  /** The use of `user` is over. */
  forget(user: Use): void
}

/** One use of a module, as handles and links see it. */
export interface Use {
  readonly gate: Gate
  readonly exchange: Exchange
  /** What it shares with other instances; `undefined` as long as it shares nothing. */
  links: Links | undefined
  wasLinked: boolean
  /** Where it is among the sharers of something that others made. */
  joined: Set<Shared> | undefined
  /** Whether raw functions of the instance may be in hands that the engine does not see. */
  escapes: boolean
  /** The live instance serves no other use: something was shared that no reset undoes. */
  spoil(): void
  /** Nobody can reach the instance any more: its slots go back. */
  end(): void
}

export class Links {
  readonly use: Use
  readonly #uses = new Set<Links>()
  readonly #usedBy = new Set<Links>()

  private constructor(use: Use) {
    this.use = use
  }

  /** From now on `user` may reach into `used`, and where references can flow (`mutual`) the other way too. */
  static connect(user: Use, used: Use, mutual: boolean): void {
    if (user === used) return
    const [from, to] = [Links.#of(user), Links.#of(used)]
    from.#uses.add(to)
    to.#usedBy.add(from)
    if (!mutual) return
    to.#uses.add(from)
    from.#usedBy.add(to)
    user.spoil()
    used.spoil()
  }

  static #of(use: Use): Links {
    // What the others run in an instance does not pass its own gate.
    use.gate.dirty = true
    use.wasLinked = true
    return (use.links ??= new Links(use))
  }

  /** Whether code of this instance, or of one that goes when it goes, may be on the stack or suspended. */
  get busy(): 'running' | 'suspended' | undefined {
    let suspended = false
    const users = reach(this, (links) => links.#usedBy)
    const used = reach(this, (links) => links.#uses)
    for (const links of users.union(used)) {
      const { running, suspended: waiting, state } = links.use.gate
      if (!users.has(links) && state !== released) continue
      if (running > 0) return 'running'
      suspended ||= waiting > 0
    }
    return suspended ? 'suspended' : undefined
  }

  /** Whether the two can reach each other's functions. */
  connectedTo(other: Links): boolean {
    return (
      this.#uses.has(other) || this.#usedBy.has(other) || reach(this, (links) => links.#around()).has(other)
    )
  }

  /** An instance in use that can reach this one. */
  get liveUser(): Use | undefined {
    for (const { use } of reach(this, (links) => links.#usedBy)) if (use.gate.state !== released) return use
    return undefined
  }

  get #needed(): boolean {
    for (const { use } of reach(this, (links) => links.#usedBy)) if (use.gate.inUse) return true
    return false
  }

  /** The use of the owner is over: gives back what only it was keeping, itself included. */
  ended(): void {
    const kept = [...reach(this, (links) => links.#uses)]
    // Functions that escaped from here reach into all of them.
    if (this.use.escapes) for (const { use } of kept) use.escapes = true
    const over = kept.filter((links) => !links.#needed)
    for (const links of over) links.#unlink()
    for (const { use } of over) use.end()
  }

  #unlink(): void {
    for (const used of this.#uses) used.#usedBy.delete(this)
    for (const user of this.#usedBy) user.#uses.delete(this)
    this.#uses.clear()
    this.#usedBy.clear()
    this.use.links = undefined
  }

  *#around(): Generator<Links> {
    yield* this.#uses
    yield* this.#usedBy
  }
}

/** All that can be reached from `start`, itself first. */
function reach(start: Links, next: (links: Links) => Iterable<Links>): Set<Links> {
  const reached = new Set([start])
  // A set that grows while it is walked is walked to its end.
  for (const links of reached) for (const other of next(links)) reached.add(other)
  return reached
}
