/**
 * Runs one fuzzing process and watches it: a process that dies, or that works on one binary for too long, is a finding too.
 */
import { fork } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { nameOf } from './corpus.ts'
import type { Progress, Task } from './messages.ts'
import type { Total } from './total.ts'

/** How long one binary may take before it counts as a hang. */
const hangMs = 60_000
const showMs = 5_000

export async function runWorker(task: Task, total: Total, start: number): Promise<void> {
  const child = fork(new URL('worker.ts', import.meta.url), [JSON.stringify(task)], {
    // Compiling in the one thread: the binaries are small, and waiting for other threads would take most of the time.
    execArgv: ['--no-warnings', '--max-old-space-size=2048', '--wasm-num-compilation-tasks=0'],
  })
  child.on('message', (message) => total.progress(message as Progress))
  let hung = false
  const show = setInterval(() => {
    total.show(start)
    // The file is written anew for each binary.
    const written = statSync(task.current, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()
    if (Date.now() - written < hangMs || !child.connected) return
    hung = true
    child.kill('SIGKILL')
  }, showMs)
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.on('exit', (...how) => resolve(how))
  })
  clearInterval(show)
  total.add(hung ? 'hang' : code === 0 ? undefined : `process ended by ${signal ?? `exit code ${code}`}`)
  if (code !== 0) saveCurrent(task, hung ? 'hang' : `ended by ${signal ?? code}`)
}

function saveCurrent({ current, findings, seed }: Task, what: string): void {
  mkdirSync(findings, { recursive: true })
  const file = join(findings, nameOf(readFileSync(current)))
  copyFileSync(current, `${file}.wasm`)
  writeFileSync(`${file}.txt`, `${what}\n\nfuzzing seed ${seed}\nreplay: --replay ${file}.wasm\n`)
}
