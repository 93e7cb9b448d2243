/**
 * A program that cannot outlive this process, however this process ends.
 *
 * The kernel kills it when the thread that started it is gone (`setpriv --pdeathsig`), also where it is stopped by SIGSTOP. The shell
 * between them looks whether this process still was there when that took effect, and then becomes the program: `pid` is the program's.
 * What it writes is in a file; `lastLines` is for error messages.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

const becomeTheProgram = '[ "$PPID" = "$1" ] || exit 1; shift; exec "$@"'

export class SpawnedProgram {
  readonly #child: ChildProcess
  readonly #log: string
  /** How it ended; undefined while it runs. */
  ending: string | undefined
  /** Resolves when it has ended, and never rejects. */
  readonly ended: Promise<void>

  /** @param folder its working directory, where its log is as well */
  constructor(name: string, program: string, parameters: readonly string[], folder: string) {
    this.#log = join(folder, `${name}.log`)
    const log = openSync(this.#log, 'a')
    this.#child = spawn(
      'setpriv',
      // prettier-ignore
      ['--pdeathsig', 'KILL', '--', '/bin/sh', '-c', becomeTheProgram, 'sh', String(process.pid), program, ...parameters],
      { cwd: folder, stdio: ['ignore', log, log] },
    )
    closeSync(log)
    this.ended = new Promise((resolve) => {
      const end = (how: string): void => {
        this.ending ??= `${name} ${how}`
        resolve()
      }
      this.#child.once('exit', (code, signal) =>
        end(signal === null ? `ended with code ${code}` : `ended by ${signal}`),
      )
      this.#child.once('error', (error) =>
        end(`was not started: ${error.message}. Is setpriv (util-linux) installed?`),
      )
    })
    this.#child.unref()
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Sends the signal, and SIGKILL where that has not ended it after `maxMs`. */
  async end(signal: 'SIGTERM' | 'SIGKILL', maxMs = 10_000): Promise<void> {
    const timer = new AbortController()
    this.signal('SIGCONT')
    this.signal(signal)
    const late = wait(maxMs, undefined, { signal: timer.signal, ref: true }).then(
      () => this.signal('SIGKILL'),
      () => undefined,
    )
    await this.ended
    timer.abort()
    await late
  }

  lastLines(count = 20): string {
    return readFileSync(this.#log, 'utf8').trimEnd().split('\n').slice(-count).join('\n')
  }
}
