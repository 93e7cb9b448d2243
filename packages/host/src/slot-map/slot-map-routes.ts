/**
 * The slot map: a page that draws every slot of every worker, and its state as server-sent events.
 *
 * The page has no data in it, so it is open: a browser gets it without a token, asks for one, and reads the stream with it.
 */
import { json } from '../http/answers.ts'
import type { HttpRequest, Route } from '../http/router.ts'
import { OverloadedError } from '../errors/overloaded-error.ts'
import { UnavailableError } from '../errors/unavailable-error.ts'
import { EventViewer } from './event-viewer.ts'
import { pageFiles } from './page-files.ts'
import type { SlotWatch } from './slot-watch.ts'

/** So many streams may be open. */
const mostViewers = 64

/** Nothing from elsewhere, and nothing inline; no other page may frame this one. */
const pageHeaders = {
  'content-security-policy':
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'; " +
    "require-trusted-types-for 'script'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-cache',
}

/** @param ending aborted when the host ends: streams end then */
export function slotMapRoutes(watch: SlotWatch, ending: AbortSignal): Route[] {
  const files = pageFiles().map(({ path, contentType, body }): Route => {
    const headers = { ...pageHeaders, 'content-type': contentType }
    return { method: 'GET', path, open: true, handle: () => ({ status: 200, headers, body: body() }) }
  })
  return [
    ...files,
    {
      method: 'GET',
      path: '/v1/slots',
      handle: async () => json(200, await watch.look(), { 'cache-control': 'no-store' }),
    },
    {
      method: 'GET',
      path: '/v1/slots/events',
      endless: true,
      handle: (request) => stream(watch, ending, request),
    },
  ]
}

/** Until the client is gone, or the host ends. */
async function stream(
  watch: SlotWatch,
  ending: AbortSignal,
  { response, signal }: HttpRequest,
): Promise<undefined> {
  if (ending.aborted) throw new UnavailableError('The host ends.')
  if (watch.viewers >= mostViewers)
    throw new OverloadedError(503, `${mostViewers} clients watch already; no more may.`)
  const viewer = new EventViewer(response)
  const leave = watch.join(viewer)
  try {
    await eitherAborts(ending, signal)
  } finally {
    leave()
    viewer.end()
  }
}

/** `AbortSignal.any` would stay with the host's signal for as long as that lives, in some versions of Node. */
async function eitherAborts(...signals: AbortSignal[]): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const aborted = (): void => resolve()
  for (const signal of signals) {
    if (signal.aborted) aborted()
    signal.addEventListener('abort', aborted)
  }
  await promise
  for (const signal of signals) signal.removeEventListener('abort', aborted)
}
