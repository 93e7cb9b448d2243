/**
 * Keeps threads from being ended inside the few calls in which that would abort the whole process.
 *
 * When a worker is terminated, N-API refuses every further call with an error, and koffi throws for it while there is no
 * environment left to throw into: std::terminate. That concerns loading koffi and its symbols and making a buffer over
 * foreign memory; plain calls through koffi are safe. So those few are *guarded sections*, and whoever ends a worker by
 * {@link terminateWorker} waits until no thread is in one:
 *
 *     state  n > 0: n threads are inside      0: nobody      -1: somebody ends a thread, nobody may enter
 *
 * The state is one Int32 in shared memory. The main thread makes it when this file is loaded, and every worker started
 * from then on finds it in its environment data. Ending the process from the main thread takes it too, for good, since
 * that ends all workers.
 *
 * Assumptions: workers are started after the main thread has imported this package; a worker ended in another way
 * (`worker.terminate()`) may abort the process, and may leave the state above 0 for ever: hence the limit on waiting.
 */

import { getEnvironmentData, isMainThread, setEnvironmentData, type Worker } from 'node:worker_threads'

const environmentKey = 'warmslot: termination lock'
const ending = -1

/** Longest wait for threads in guarded sections, which take a millisecond at most. */
const longestWaitMs = 2_000

const state: Int32Array = new Int32Array(sharedState())

/** How many endings this thread has under way, and whether it holds the state for them: then it may enter itself. */
let endings = 0
let held = false

function sharedState(): SharedArrayBuffer {
  const present = getEnvironmentData(environmentKey)
  if (present instanceof SharedArrayBuffer) return present
  const fresh = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
  setEnvironmentData(environmentKey, fresh)
  // After this the main thread only leaves; workers are ended by Node at an unknown moment.
  if (isMainThread) process.on('exit', () => (held = waitForNobody()))
  return fresh
}

/** Runs a call in which this thread must not be ended. */
export function guarded<T>(call: () => T): T {
  if (held) return call()
  enter()
  try {
    return call()
  } finally {
    leave()
  }
}

function enter(): void {
  for (;;) {
    const inside = Atomics.load(state, 0)
    if (inside === ending) Atomics.wait(state, 0, ending, longestWaitMs)
    else if (Atomics.compareExchange(state, 0, inside, inside + 1) === inside) return
  }
}

function leave(): void {
  if (Atomics.sub(state, 0, 1) === 1) Atomics.notify(state, 0)
}

/** Takes the state, waiting in place; false if threads stay inside for longer than a section can take. */
function waitForNobody(): boolean {
  for (const until = performance.now() + longestWaitMs; performance.now() < until;) {
    const inside = Atomics.compareExchange(state, 0, 0, ending)
    if (inside === 0 || inside === ending) return true
    Atomics.wait(state, 0, inside, 10)
  }
  return false
}

/** As {@link waitForNobody}, for all endings of this thread and without holding its event loop; sets {@link held}. */
async function takeForEnding(): Promise<void> {
  // Waiting for shared memory keeps no event loop alive, and the workers to end may be all that did.
  const alive = setInterval(() => {}, longestWaitMs)
  try {
    for (const until = performance.now() + longestWaitMs; !held && performance.now() < until;) {
      const inside = Atomics.compareExchange(state, 0, 0, ending)
      if (inside === 0) held = true
      else await Atomics.waitAsync(state, 0, inside, 10).value
    }
  } finally {
    clearInterval(alive)
  }
}

/**
 * Ends a worker thread that may be using this package, at a moment when that does not abort the process. Use it in place
 * of `worker.terminate()`, from any thread; the worker need not know. Its reservations from V8 go with its heap.
 * @returns the worker's exit code, as `worker.terminate()` does
 */
export async function terminateWorker(worker: Worker): Promise<number> {
  endings += 1
  try {
    await takeForEnding()
    return await worker.terminate()
  } finally {
    endings -= 1
    if (endings === 0 && held) {
      held = false
      Atomics.store(state, 0, 0)
      Atomics.notify(state, 0)
    }
  }
}
