/**
 * The loop: pick or generate a binary, change it, judge it; keep it if it made something run that never ran, or if V8 or the
 * engine said something new of it.
 */
import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

import { Corpus, nameOf } from './corpus.ts'
import type { Coverage } from './coverage.ts'
import { generateModule } from './generate-module.ts'
import type { Finding } from './finding.ts'
import { Judge } from './judge.ts'
import type { Progress, Task } from './messages.ts'
import { minimise } from './minimise.ts'
import { mutate } from './mutate.ts'
import { Random } from './random.ts'
import type { Bytes } from './sections.ts'
import { seeds } from './seeds.ts'

/** How many executions there are for each look at the coverage. */
const batchSize = 256
/** Which part of the time may go into finding out which of a batch did something new. */
const searchShare = 0.2
const reportMs = 1_000
/** One in this many of the binaries that the engine pools is also run. */
const runOneIn = 6
/** One in this many of the others goes through the engine's own door too. */
const runOtherOneIn = 200
/** How many binaries are saved for each kind of finding. */
const mostSaved = 3

export class Fuzzing {
  readonly #task: Task
  readonly #coverage: Coverage
  readonly #random: Random
  readonly #corpus: Corpus
  readonly #judge = new Judge()
  readonly #said = new Set<string>()
  readonly #findings: Record<string, number> = {}
  readonly #current: number
  #executions = 0
  #searchMs = 0

  constructor(task: Task, coverage: Coverage) {
    this.#task = task
    this.#coverage = coverage
    this.#random = new Random(task.seed)
    this.#corpus = new Corpus(task.corpus, seeds)
    this.#current = openSync(task.current, 'w')
  }

  async run(): Promise<void> {
    const until = performance.now() + this.#task.seconds * 1000
    let report = 0
    for (const seed of seeds) await this.#execute(seed)
    while (performance.now() < until) {
      await this.#batch()
      if (performance.now() < report) continue
      report = performance.now() + reportMs
      process.send?.(this.#progress())
    }
    closeSync(this.#current)
    process.send?.({
      ...this.#progress(),
      ...(this.#task.missed && { missed: this.#coverage.missed() }),
    } satisfies Progress)
    process.disconnect?.()
    await this.#judge.close()
  }

  #progress(): Progress {
    return {
      executions: this.#executions,
      corpus: this.#corpus.size,
      coverage: this.#coverage.fraction,
      counts: this.#judge.counts,
      findings: this.#findings,
    }
  }

  async #batch(): Promise<void> {
    const batch: Bytes[] = []
    for (let count = 0; count < batchSize; count++) {
      const bytes = this.#candidate()
      batch.push(bytes)
      await this.#execute(bytes)
    }
    const start = performance.now()
    // What is not noted now counts as new again another time.
    if (this.#searchMs > start * searchShare || this.#coverage.take({ note: false }) === 0) return
    this.#keepFresh(batch)
    this.#searchMs += performance.now() - start
  }

  /** One of them, or several, made something run for the first time: looks for them by halves. */
  #keepFresh(batch: readonly Bytes[]): void {
    for (const bytes of batch) this.#judge.quick(bytes)
    const one = batch.length === 1
    if (this.#coverage.take({ note: one }) === 0) return
    if (one) return this.#corpus.add(batch[0]!)
    this.#keepFresh(batch.slice(0, batch.length / 2))
    this.#keepFresh(batch.slice(batch.length / 2))
  }

  #candidate(): Bytes {
    const random = this.#random
    if (random.oneIn(6)) return generateModule(random)
    const bytes = random.oneIn(6) ? generateModule(random) : this.#corpus.pick(random)
    return mutate(bytes, random, () => (random.oneIn(3) ? generateModule(random) : this.#corpus.pick(random)))
  }

  async #execute(bytes: Bytes): Promise<void> {
    writeSync(this.#current, bytes, 0, bytes.length, 0)
    ftruncateSync(this.#current, bytes.length)
    this.#executions++
    const quick = this.#judge.quick(bytes)
    this.#note(bytes, quick.said)
    if (quick.finding) await this.#found(bytes, quick.finding, undefined)
    if (!this.#random.oneIn(quick.outcome === 'pooled' ? runOneIn : runOtherOneIn)) return
    const callSeed = this.#random.next()
    const { said, finding } = await this.#judge.full(bytes, new Random(callSeed))
    this.#note(bytes, said)
    if (finding) await this.#found(bytes, finding, callSeed)
  }

  #note(bytes: Bytes, said: string): void {
    if (this.#said.has(said)) return
    this.#said.add(said)
    this.#corpus.add(bytes)
  }

  async #found(bytes: Bytes, { kind, details }: Finding, callSeed: number | undefined): Promise<void> {
    const times = (this.#findings[kind] ?? 0) + 1
    this.#findings[kind] = times
    if (times > mostSaved) return
    const smallest = await minimise(bytes, async (smaller) => {
      const again =
        callSeed === undefined
          ? this.#judge.quick(smaller)
          : await this.#judge.full(smaller, new Random(callSeed))
      return again.finding?.kind === kind
    })
    mkdirSync(this.#task.findings, { recursive: true })
    const file = join(this.#task.findings, nameOf(smallest))
    writeFileSync(`${file}.wasm`, smallest)
    writeFileSync(
      `${file}.txt`,
      `${kind}\n\n${details}\n\nfuzzing seed ${this.#task.seed}\nreplay: --replay ${file}.wasm --seed ${callSeed ?? 0}\n`,
    )
  }
}
