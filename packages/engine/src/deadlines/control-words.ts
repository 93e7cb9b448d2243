/**
 * The words that a thread shares with its watchdog, at the start of one shared memory, and how time stands in them.
 *
 *   word 0  state     0: nothing to watch | time: the deadline in force | time with its top bit set: it has passed
 *   word 1  sleeps    until when the watchdog sleeps; 0: until it is woken
 *   word 2  wake      counts what the watchdog is woken for
 *   word 3  hint      the deadline that the watchdog was last woken for
 *   word 4  phase     0: starting | 1: running | 2: told to end
 *
 * A time is a number of milliseconds on the monotonic clock, modulo 2^31 and never 0. Guests look at the state's sign:
 * so one word is both the deadline and the flag, and the watchdog sets the flag by a compare-and-exchange that fails
 * where the call has ended meanwhile. A flag that hits the wrong call cannot come about.
 */
export const word = { state: 0, sleeps: 1, wake: 2, hint: 3, phase: 4 } as const

export const phase = { starting: 0, running: 1, ending: 2 } as const

export type ControlWords = Int32Array<SharedArrayBuffer>

/**
 * The furthest deadline in milliseconds, 12 days: half of the 31 bits, so that what has passed and what is to come can be
 * told apart.
 */
export const furthestDeadlineMs: number = 2 ** 30 - 1

/** A time in milliseconds as a word; rounded up, so that nothing is stopped early. */
export function timeWord(timeMs: number): number {
  return Math.ceil(timeMs) & 0x7fff_ffff || 1
}

/** Whether time `a` is before time `b`. */
export function isBefore(a: number, b: number): boolean {
  return (a - b) << 1 < 0
}
