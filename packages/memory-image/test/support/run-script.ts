/** Runs a script in a child process: for what can kill the process, and for other platforms. */

import { spawnSync } from 'node:child_process'

export interface ScriptResult {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** The source's entry, for the scripts' imports: Node.js runs TypeScript as it is. */
export const entry: string = new URL('../../src/index.ts', import.meta.url).href

/** Runs an ES module given as text. */
export function runScript(script: string, nodeArguments: readonly string[] = []): ScriptResult {
  const child = spawnSync(process.execPath, [...nodeArguments, '--input-type=module', '--eval', script], {
    cwd: new URL('../..', import.meta.url),
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '', NODE_NO_WARNINGS: '1' },
    timeout: 50_000,
  })
  return { status: child.status, signal: child.signal, stdout: child.stdout, stderr: child.stderr }
}
