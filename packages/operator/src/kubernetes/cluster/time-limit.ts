/** A signal that ends a request: when its time is over, or any of some other signals is aborted. */
import { KubernetesConnectionError } from '../errors/kubernetes-connection-error.ts'
import type { Clock } from '../time/clock.ts'

export interface TimeLimit extends Disposable {
  readonly signal: AbortSignal
  /** The time counts no more; the signals still do. */
  stopClock(): void
}

export function limitTime(
  clock: Clock,
  timeoutMs: number,
  request: string,
  signals: readonly (AbortSignal | undefined)[],
): TimeLimit {
  const controller = new AbortController()
  const given = signals.filter((signal) => signal !== undefined)
  const onAbort = (event: Event): void => controller.abort((event.target as AbortSignal).reason)
  for (const signal of given) {
    if (signal.aborted) controller.abort(signal.reason)
    else signal.addEventListener('abort', onAbort)
  }
  const stopClock = clock.after(timeoutMs, () => {
    const message = `${request} was not answered within ${timeoutMs} ms.`
    controller.abort(new KubernetesConnectionError('timeout', message))
  })
  return {
    signal: controller.signal,
    stopClock,
    [Symbol.dispose]() {
      stopClock()
      for (const signal of given) signal.removeEventListener('abort', onAbort)
    },
  }
}

/** What `promise` says, unless the signal is aborted before: then the signal's reason is thrown. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  let onAbort!: () => void
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(signal.reason as Error)
    signal.addEventListener('abort', onAbort)
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
