/**
 * Deadlines: a guest that does not return is stopped, in this very thread, and its slot serves the next use.
 */
import { DeadlineExceededError, Engine } from '@warmslot/engine'

import type { Spinner } from '../guest/spinner.ts'
import { spinnerBytes } from '../guest/spinner.ts'

const engine = new Engine({ slots: 1, maxMemoryBytes: 2 ** 20, deadlines: true })
const module = await engine.compile(spinnerBytes, { label: 'spinner' })

const instance = engine.instantiate(module, {}, { deadlineMs: 50 })
const { spin, answer } = instance.exports as unknown as Spinner
console.log(`before the deadline: ${answer()}`)
try {
  spin()
} catch (error) {
  if (!DeadlineExceededError.isInstance(error)) throw error
  console.log(`an endless loop: ${error.code}`)
}
try {
  answer()
} catch (error) {
  if (!DeadlineExceededError.isInstance(error)) throw error
  console.log(`its time is up for good: ${error.code}`)
}
instance.extendDeadline(1000)
console.log(`with more time: ${answer()}`)
instance.release()

const next = engine.instantiate(module)
console.log(`the next use of the slot, without a deadline: ${(next.exports as unknown as Spinner).answer()}`)
next.release()

await engine.close()
