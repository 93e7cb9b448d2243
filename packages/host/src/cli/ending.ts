/** Signals that end a server: the first asks it to, the second does not ask. */
import { constants } from 'node:os'

const signals = ['SIGTERM', 'SIGINT'] as const

/** Resolves with the first. From then on, another one ends the process at once, with 128 and its number. */
export function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = false
    for (const signal of signals) {
      process.on(signal, () => {
        // Through `exit`, where the engine waits for the moment at which its threads can end.
        if (asked) process.exit(128 + constants.signals[signal])
        asked = true
        resolve(signal)
      })
    }
  })
}
