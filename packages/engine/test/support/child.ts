/** Runs a script in a child process with the built package: for what can kill a process, and for Node's own options. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const engine = new URL('../../dist/index.js', import.meta.url).href

export interface ChildResult {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface ChildOptions {
  /** Node's own options. */
  readonly node?: readonly string[]
  /** A shell command that runs before Node, such as `ulimit -v`. */
  readonly shell?: string
}

/** `script`: an ES module's body; `Engine` and what else it names is imported from the package as `warmslot`. */
export function runChild(script: string, options: ChildOptions = {}): ChildResult {
  const source = `import * as warmslot from ${JSON.stringify(engine)}\n${script}`
  const command = [process.execPath, ...(options.node ?? []), '--input-type=module', '--eval', source]
  const [file = '', ...rest] =
    options.shell === undefined
      ? command
      : ['bash', '-c', `${options.shell} && exec "$@"`, 'bash', ...command]
  const child = spawnSync(file, rest, {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '', NODE_NO_WARNINGS: '1' },
    timeout: 100_000,
  })
  return { status: child.status, signal: child.signal, stdout: child.stdout, stderr: child.stderr }
}

/** Runs a script with Node's own options and without the package. */
export function runNode(node: readonly string[], script: string): ChildResult {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [...node, '--eval', script], {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '', NODE_NO_WARNINGS: '1' },
    timeout: 100_000,
  })
  return { status, signal, stdout, stderr }
}

/** The options of this V8. */
export function knownFlags(): string[] {
  return (
    spawnSync(process.execPath, ['--v8-options'], { encoding: 'utf8' })
      .stdout.match(/^ +--[\w-]+/gm)
      ?.map((flag) => flag.trim()) ?? []
  )
}
