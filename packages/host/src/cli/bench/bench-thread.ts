/** The script of the thread in which `bench` measures: the other thread ends it where a guest does not end. */
import { parentPort, workerData } from 'node:worker_threads'
import { TimeLimitError } from '../../errors/time-limit-error.ts'
import { explain } from '../explain.ts'
import { refusalOf } from '../inspect/refusal.ts'
import { UsageError } from '../usage-error.ts'
import type { BenchMessage, BenchPlan } from './bench-plan.ts'
import { measure } from './measure.ts'

const port = parentPort
if (port === null) throw new TypeError('This is the script of a thread of `warmslot bench`.')
const plan = workerData as BenchPlan

function say(message: BenchMessage): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, no window
  port!.postMessage(message)
}

function failure(error: unknown): BenchMessage {
  if (UsageError.isInstance(error)) return { type: 'failure', message: error.message, usage: true }
  if (error instanceof TimeLimitError) {
    const message = `the guest did not end within ${plan.timeLimitMs} ms; give it more with --time-limit-ms`
    return { type: 'failure', message, usage: false }
  }
  return { type: 'failure', message: reasonOf(error), usage: false }
}

function reasonOf(error: unknown): string {
  try {
    return refusalOf(error).message
  } catch {
    return explain(error)
  }
}

try {
  say({ type: 'report', report: await measure(plan, (text) => say({ type: 'progress', text })) })
} catch (error) {
  say(failure(error))
}
