/**
 * Keeps an event stream open, with the token that `EventSource` could not send.
 *
 *     connecting ──200──► live ──it ends, or is silent──► waiting ──longer each time──► connecting
 *         └──401──► refused ──token──► connecting          hidden ──the tab is seen again──► connecting
 *
 * A page that nobody sees holds no stream: nothing is asked of the workers for it.
 */
import { EventParser, type ServerEvent } from './event-parser.ts'

export type ConnectionState = 'connecting' | 'live' | 'waiting' | 'refused' | 'hidden'

export interface ConnectionOptions {
  readonly url: string
  /** Read before each attempt. */
  token(): string | undefined
  /** Resolves when there is a token to try. `tried`: the one that was refused. */
  newToken(tried: string | undefined): Promise<void>
  onEvent(event: ServerEvent): void
  onState(state: ConnectionState): void
}

const firstWaitMs = 500
const longestWaitMs = 15_000
/** The host sends a heartbeat every 15 seconds. */
const silenceMs = 40_000

class RefusedError extends Error {}

/** Never ends. */
export async function stayConnected(options: ConnectionOptions): Promise<never> {
  let waitMs = firstWaitMs
  for (;;) {
    await untilVisible(options)
    const tried = options.token()
    options.onState('connecting')
    try {
      await readStream(options, tried, () => {
        waitMs = firstWaitMs
        options.onState('live')
      })
    } catch (error) {
      if (error instanceof RefusedError) {
        options.onState('refused')
        await options.newToken(tried)
        continue
      }
    }
    if (document.hidden) continue
    options.onState('waiting')
    // Not all pages at the same moment when a host comes back.
    await pause(waitMs * (0.5 + Math.random() / 2))
    waitMs = Math.min(waitMs * 2, longestWaitMs)
  }
}

/** Until it ends. @throws RefusedError; what the connection fails with */
async function readStream(
  { url, onEvent }: ConnectionOptions,
  token: string | undefined,
  onOpen: () => void,
): Promise<void> {
  const ending = new AbortController()
  let silence: ReturnType<typeof setTimeout> | undefined
  const heard = (): void => {
    clearTimeout(silence)
    silence = setTimeout(() => ending.abort(), silenceMs)
  }
  const hidden = (): void => void (document.hidden && ending.abort())
  document.addEventListener('visibilitychange', hidden)
  heard()
  try {
    const headers: HeadersInit = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const response = await fetch(url, { headers, cache: 'no-store', signal: ending.signal })
    if (response.status === 401) throw new RefusedError()
    if (!response.ok || response.body === null) throw new Error(`The host answered ${response.status}.`)
    onOpen()
    const parser = new EventParser()
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      heard()
      for (const event of parser.push(value)) onEvent(event)
    }
  } finally {
    clearTimeout(silence)
    document.removeEventListener('visibilitychange', hidden)
    ending.abort()
  }
}

async function untilVisible({ onState }: ConnectionOptions): Promise<void> {
  if (!document.hidden) return
  onState('hidden')
  await new Promise<void>((resolve) => {
    document.addEventListener('visibilitychange', () => resolve(), { once: true })
  })
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs))
}
