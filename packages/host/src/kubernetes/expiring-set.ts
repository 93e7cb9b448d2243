/** What is true for a while: so many entries at most, the newest ones. */
export class ExpiringSet {
  readonly #lifetimeMs: number
  readonly #most: number
  readonly #now: () => number
  readonly #addedMs = new Map<string, number>()

  constructor(lifetimeMs: number, most: number, now: () => number) {
    this.#lifetimeMs = lifetimeMs
    this.#most = most
    this.#now = now
  }

  has(key: string): boolean {
    const addedMs = this.#addedMs.get(key)
    if (addedMs !== undefined && this.#now() - addedMs < this.#lifetimeMs) return true
    this.#addedMs.delete(key)
    return false
  }

  add(key: string): void {
    this.#addedMs.delete(key)
    this.#addedMs.set(key, this.#now())
    if (this.#addedMs.size > this.#most)
      for (const oldest of this.#addedMs.keys().take(1)) this.#addedMs.delete(oldest)
  }
}
