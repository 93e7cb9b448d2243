/**
 * What the watchdog thread runs: a text, so that no bundler has to find a file for it. Plain JavaScript; Node's module
 * `worker_threads` is all it loads.
 *
 *   look at the state -> passed: set its top bit -> wait until the next deadline, or until woken -> look again
 *
 * It says until when it sleeps before it looks at the state for the last time: a thread that changes the state and then
 * sees a later time there knows that the watchdog must be woken, and one that changes it before is seen.
 * Woken for a call that is over by the time it looks, it still sleeps only until that call's deadline: so a thread that
 * makes many short calls wakes it once a deadline and not once a call.
 */
import { phase, word } from './control-words.ts'

export const watchdogScript: string = `'use strict'
const { workerData } = require('node:worker_threads')
const { words, zero } = workerData
const now = () => {
  const [seconds, nanoseconds] = process.hrtime()
  return (seconds - zero[0]) * 1e3 + (nanoseconds - zero[1]) / 1e6
}
// From now to a time, in milliseconds: times come modulo 2^31.
const remaining = (time) => {
  const distance = (((time - now()) % 2147483648) + 2147483648) % 2147483648
  return distance > 1073741824 ? distance - 2147483648 : distance
}
Atomics.compareExchange(words, ${word.phase}, ${phase.starting}, ${phase.running})
Atomics.notify(words, ${word.phase})
while (Atomics.load(words, ${word.phase}) === ${phase.running}) {
  const wake = Atomics.load(words, ${word.wake})
  const state = Atomics.load(words, ${word.state})
  // Passed deadlines wait for their call to end, which wakes the watchdog.
  let until = state > 0 ? state : 0
  let timeoutMs = Infinity
  if (until > 0) {
    timeoutMs = remaining(until)
    if (timeoutMs <= 0) {
      Atomics.compareExchange(words, ${word.state}, state, state | -2147483648)
      continue
    }
  } else if (state === 0) {
    const hint = Atomics.load(words, ${word.hint})
    const hintMs = hint === 0 ? 0 : remaining(hint)
    if (hintMs > 0) {
      until = hint
      timeoutMs = hintMs
    }
  }
  Atomics.store(words, ${word.sleeps}, until)
  if (Atomics.load(words, ${word.state}) === state) Atomics.wait(words, ${word.wake}, wake, timeoutMs)
}
`
