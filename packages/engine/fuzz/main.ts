/** The fuzzer's command: one fuzzing process after another, until the time is up. Exit code 1 if there is any finding. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Task } from './messages.ts'
import type { Options } from './options.ts'
import { readOptions } from './options.ts'
import { Total } from './total.ts'
import { runWorker } from './watch.ts'

/** A fuzzing process makes way for a fresh one after this long, so that V8's garbage and its own cannot pile up. */
const processSeconds = 600

const options = readOptions()
process.exitCode =
  options.replay === undefined ? await fuzz(options) : await replay(options.replay, options.seed)

async function replay(file: string, seed: number): Promise<number> {
  const { Judge } = await import('./judge.ts')
  const { Random } = await import('./random.ts')
  const judge = new Judge()
  const judgement = await judge.full(new Uint8Array(readFileSync(file)), new Random(seed))
  console.log(judgement.outcome, judgement.said)
  if (judgement.finding) console.log(`${judgement.finding.kind}\n${judgement.finding.details}`)
  await judge.close()
  return judgement.finding ? 1 : 0
}

async function fuzz({ seconds, seed, corpus, findings, missed }: Options): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'warmslot-fuzz-'))
  console.log(`seed ${seed}, ${seconds} s, findings go to ${findings}`)
  const start = performance.now()
  const total = new Total()
  try {
    for (let round = 0; ; round++) {
      const left = seconds - (performance.now() - start) / 1000
      if (left <= 0) break
      const task: Task = {
        seed: seed + round * 2 ** 32,
        seconds: Math.min(left, processSeconds),
        corpus: corpus ?? join(folder, 'corpus'),
        findings,
        current: join(folder, 'current.wasm'),
        missed,
      }
      await runWorker(task, total, start)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  total.show(start)
  for (const piece of total.missed) console.log(`  never ran: ${piece}`)
  for (const [kind, times] of Object.entries(total.findings)) console.log(`  FOUND ${times} times: ${kind}`)
  return Object.keys(total.findings).length > 0 ? 1 : 0
}
