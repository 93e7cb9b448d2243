/**
 * Who has a shared memory, table, global or function: the instance that made it and those that import it. Its handle
 * works until the last of them is released.
 */
import { released } from './gate.ts'
import type { Use } from './links.ts'

export class Sharers {
  readonly #uses: Set<Use>

  constructor(owner: Use) {
    this.#uses = new Set([owner])
  }

  add(user: Use): void {
    this.#uses.add(user)
    ;(user.joined ??= new Set()).add(this)
  }

  /** The use of `user` is over: what lives longer forgets it. */
  static leaveAll(user: Use): void {
    if (user.joined !== undefined) for (const sharers of user.joined) sharers.#uses.delete(user)
    user.joined = undefined
  }

  /** Whether one of them is still there to use it. */
  get live(): boolean {
    for (const use of this.#uses) if (use.gate.state !== released) return true
    return false
  }

  /** Whether one of those still needs it, if only because a promise holds it. */
  get needed(): boolean {
    for (const use of this.#uses) if (use.gate.inUse) return true
    return false
  }
}
