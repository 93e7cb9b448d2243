/** The sums over all fuzzing processes, and the line that shows them. */
import type { Progress } from './messages.ts'

export class Total {
  #before: Progress = { executions: 0, corpus: 0, coverage: 0, counts: {}, findings: {} }
  #now: Progress = this.#before
  missed: readonly string[] = []
  findings: Record<string, number> = {}

  progress(now: Progress): void {
    this.#now = now
    if (now.missed) this.missed = now.missed
    this.findings = sum(this.#before.findings, now.findings)
  }

  /** The process has ended. */
  add(finding?: string): void {
    if (finding !== undefined) this.findings = sum(this.findings, { [finding]: 1 })
    this.#before = {
      ...this.#now,
      coverage: Math.max(this.#before.coverage, this.#now.coverage),
      executions: this.#before.executions + this.#now.executions,
      counts: sum(this.#before.counts, this.#now.counts),
      findings: this.findings,
    }
    this.#now = { ...this.#before, executions: 0, counts: {}, findings: {} }
  }

  show(start: number): void {
    const seconds = (performance.now() - start) / 1000
    const executions = this.#before.executions + this.#now.executions
    const counts = sum(this.#before.counts, this.#now.counts)
    const judged = Object.values(counts).reduce((all, one) => all + one, 0) || 1
    const shares = Object.entries(counts).map(([name, count]) => `${name} ${percent(count / judged)}`)
    const coverage = Math.max(this.#before.coverage, this.#now.coverage)
    const found = Object.values(this.findings).reduce((all, one) => all + one, 0)
    console.log(
      `${seconds.toFixed(0)} s: ${executions} executions (${(executions / seconds).toFixed(0)}/s), ${shares.join(', ')}; ` +
        `corpus ${this.#now.corpus}, coverage ${percent(coverage)}, ` +
        `findings ${found} of ${Object.keys(this.findings).length} kinds`,
    )
  }
}

function sum(
  one: Readonly<Record<string, number>>,
  other: Readonly<Record<string, number>>,
): Record<string, number> {
  const all: Record<string, number> = { ...one }
  for (const [name, count] of Object.entries(other)) all[name] = (all[name] ?? 0) + count
  return all
}

function percent(fraction: number): string {
  return `${(fraction * 100).toFixed(1)} %`
}
