/**
 * Who has a shared memory, table, global or function: the instance that made it and those that import it. Its handle
 * works until the last of them is released.
 */
import { released } from './gate.ts'
import type { Shared, Use } from './links.ts'

export class Sharers implements Shared {
  readonly #uses: Set<Use>

  constructor(owner: Use) {
    this.#uses = new Set([owner])
  }

  add(user: Use): void {
    this.#uses.add(user)
    ;(user.joined ??= new Set()).add(this)
  }

  forget(user: Use): void {
    this.#uses.delete(user)
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
