/** The API server that all test files of a run share; see `global-setup.ts`. Tests that restart or pause one start their own. */
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, inject } from 'vitest'
import type { ApiServerAddress } from './call-api.ts'

/** `describe` for tests that need Kubernetes' programs: skipped where there are none. */
export const describeOnApiServer: ReturnType<typeof describe.skipIf> = describe.skipIf(
  inject('apiServerSocket') === '',
)

/** Starts it for the first one who asks. @throws Error where it did not start */
export async function sharedApiServer(): Promise<ApiServerAddress> {
  const answer = JSON.parse(await text(connect(inject('apiServerSocket'))))
  if (answer.error !== undefined) throw new Error(answer.error)
  return answer
}
