/** `warmslot-instance`: who answers, in each answer of the administration port; and in a request, whom it is for. */
import type { IncomingMessage } from 'node:http'
import { OtherInstanceError } from '../errors/other-instance-error.ts'

export const instanceHeader = 'warmslot-instance'

/** A request without the header is for whoever gets it. @throws OtherInstanceError */
export function checkInstance({ headers }: IncomingMessage, instance: string): void {
  const wanted = headers[instanceHeader]
  if (wanted !== undefined && wanted !== instance) throw new OtherInstanceError(String(wanted), instance)
}
