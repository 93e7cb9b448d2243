import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { FakeApiServer } from '../support/fake-api-server.ts'

const script = fileURLToPath(new URL('../support/stopped-leader.ts', import.meta.url))

test('a process that the kernel has stopped says that it leads no more, before anything else of it runs', async () => {
  await using server = await FakeApiServer.start()
  const { stdout } = await promisify(execFile)(process.execPath, [script, server.origin, '1'])
  expect(stdout).toBe('true false LeadershipLostError')
})
