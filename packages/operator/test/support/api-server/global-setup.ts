/**
 * Vitest's global setup: one API server for a whole run, with the custom resource installed, started when the first test file asks for it.
 *
 * It listens on a socket and answers with the server's address as JSON (`shared-api-server.ts` asks), or with `{"error": …}`. Without
 * Kubernetes' programs it says what to do, and tests of `test/api-server` are skipped; where they must not be, the run fails.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { ApiServer } from './api-server.ts'
import { apply, deployFolder, readManifests } from './apply.ts'
import { findPrograms, missingPrograms, mustHavePrograms } from './find-programs.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The socket's path; empty where there are no programs. */
    apiServerSocket: string
  }
}

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  if (findPrograms() === undefined) {
    if (mustHavePrograms()) throw new Error(missingPrograms())
    console.warn(
      `SKIPPED: the tests against a real Kubernetes API server (test/api-server). ${missingPrograms()}`,
    )
    project.provide('apiServerSocket', '')
    return async () => undefined
  }
  const folder = mkdtempSync(join(tmpdir(), 'warmslot-shared-api-server-'))
  let starting: Promise<ApiServer> | undefined
  const socket = createServer((connection) => {
    connection.on('error', () => undefined)
    starting ??= start()
    starting.then(
      (server) => connection.end(JSON.stringify(server.address)),
      (error: Error) => connection.end(JSON.stringify({ error: error.message })),
    )
  })
  const path = join(folder, 'socket')
  await new Promise<void>((resolve) => socket.listen(path, resolve))
  project.provide('apiServerSocket', path)
  return async () => {
    await new Promise((resolve) => socket.close(resolve))
    await starting?.then(
      (server) => server.stop(),
      () => undefined,
    )
    rmSync(folder, { recursive: true, force: true })
  }
}

async function start(): Promise<ApiServer> {
  const server = await ApiServer.start()
  try {
    for (const manifest of readManifests(join(deployFolder, 'crd'))) await apply(server.address, manifest)
    return server
  } catch (error) {
    await server.stop()
    throw error
  }
}
