/** Which Modules name a pod in a record that is not proved. */
import type { Module } from '../resource/module.ts'
import { isProved, ledgerOf } from './ledger.ts'

export class LedgerIndex {
  readonly #unneeded: (podUID: string) => void
  readonly #modules = new Map<string, ReadonlySet<string>>()
  readonly #counts = new Map<string, number>()

  /** @param unneeded told of a pod that was named, and is not any more */
  constructor(unneeded: (podUID: string) => void) {
    this.#unneeded = unneeded
  }

  /** The Module's ledger is this now. */
  set(module: Module): void {
    const open = ledgerOf(module).filter((record) => !isProved(record))
    this.#replace(module.metadata.uid ?? '', new Set(open.map(({ podUID }) => podUID)))
  }

  delete(moduleUID: string): void {
    this.#replace(moduleUID, new Set())
  }

  names(podUID: string): boolean {
    return this.#counts.has(podUID)
  }

  #replace(moduleUID: string, after: ReadonlySet<string>): void {
    const before = this.#modules.get(moduleUID) ?? new Set<string>()
    if (after.size > 0) this.#modules.set(moduleUID, after)
    else this.#modules.delete(moduleUID)
    for (const podUID of after.difference(before))
      this.#counts.set(podUID, (this.#counts.get(podUID) ?? 0) + 1)
    for (const podUID of before.difference(after)) {
      const left = (this.#counts.get(podUID) ?? 1) - 1
      if (left > 0) {
        this.#counts.set(podUID, left)
        continue
      }
      this.#counts.delete(podUID)
      this.#unneeded(podUID)
    }
  }
}
