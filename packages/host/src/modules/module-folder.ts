/**
 * A folder of modules: `NAME.wasm`, and `NAME.json` beside it with settings, where wanted. A new or changed file is loaded, one that is
 * gone is purged. A changed module takes over without a gap: the new one is ready before the old one is purged.
 *
 * The folder is read again after each notice of the kernel's (inotify) and every few seconds, since notices get lost on network
 * file systems. A file that is still being written fails to load, and is tried again when it has changed.
 */
import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import { watch } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { digestOf } from './digest.ts'
import { isName } from './module-name.ts'
import type { ModuleRegistry } from './module-registry.ts'
import { type HostLimits, readSettings } from './module-settings.ts'

const extension = '.wasm'
const rereadMs = 5_000
/** A file that is written in pieces gives a notice for each. */
const settleMs = 100

interface Seen {
  /** Of the file and its settings. */
  readonly version: string
  readonly uid: string | undefined
}

export class ModuleFolder {
  readonly #path: string
  readonly #modules: ModuleRegistry
  readonly #limits: HostLimits
  readonly #log: Logger
  readonly #seen = new Map<string, Seen>()
  #reading: Promise<void> = Promise.resolve()
  #stopWatching: () => void = () => undefined

  constructor(path: string, modules: ModuleRegistry, limits: HostLimits, log: Logger) {
    this.#path = path
    this.#modules = modules
    this.#limits = limits
    this.#log = log
  }

  /** Loads what is there, and watches. @throws what keeps the folder from being read */
  async start(): Promise<void> {
    await readdir(this.#path)
    await this.#read()
    let settle: NodeJS.Timeout | undefined
    const watcher = watch(this.#path, () => {
      clearTimeout(settle)
      settle = setTimeout(() => this.#readNext(), settleMs)
    })
    watcher.on('error', (error) => this.#log.warn({ err: error }, 'the folder of modules cannot be watched'))
    const timer = setInterval(() => this.#readNext(), rereadMs)
    this.#stopWatching = () => {
      clearTimeout(settle)
      clearInterval(timer)
      watcher.close()
    }
  }

  async stop(): Promise<void> {
    this.#stopWatching()
    await this.#reading
  }

  /** One reading at a time. */
  #readNext(): void {
    this.#reading = this.#reading.then(() =>
      this.#read().catch((error: unknown) =>
        this.#log.warn({ err: error }, 'the folder of modules cannot be read'),
      ),
    )
  }

  async #read(): Promise<void> {
    const entries = await readdir(this.#path)
    const names = entries
      .filter((entry) => entry.endsWith(extension))
      .map((entry) => entry.slice(0, -extension.length))
    for (const name of names) await this.#look(name)
    for (const [name, { uid }] of this.#seen) {
      if (names.includes(name)) continue
      this.#seen.delete(name)
      this.#purge(name, uid)
    }
  }

  async #look(name: string): Promise<void> {
    const path = `${this.#path}/${name}`
    const version = `${await changeOf(path + extension)} ${await changeOf(`${path}.json`)}`
    const before = this.#seen.get(name)
    if (before?.version === version) return
    if (!isName(name)) {
      this.#seen.set(name, { version, uid: undefined })
      this.#log.warn(
        { file: name + extension },
        'a module has a name with letters, digits, "-", "_" and "." only',
      )
      return
    }
    let uid = before?.uid
    try {
      uid = await this.#load(name, path)
      if (before?.uid !== undefined) this.#purge(name, before.uid)
    } catch (error) {
      this.#log.error({ file: name + extension, err: error }, 'a module could not be loaded')
    }
    this.#seen.set(name, { version, uid })
  }

  async #load(name: string, path: string): Promise<string> {
    const bytes = new Uint8Array(await readFile(path + extension))
    const settings = readSettings(await settingsOf(`${path}.json`), this.#limits)
    const digest = digestOf(bytes)
    const uid = randomUUID()
    const { module } = await this.#modules.put({ uid, name, digest }, settings, bytes)
    this.#log.info({ name, uid, digest, kind: module.kind }, 'module loaded')
    return uid
  }

  /** Not waited for: requests that run bound it. */
  #purge(name: string, uid: string | undefined): void {
    if (uid === undefined) return
    this.#modules.delete(uid).then(
      ({ complete, kernel }) => this.#log.info({ name, uid, complete, kernel }, 'module purged'),
      (error: unknown) => this.#log.error({ name, uid, err: error }, 'a module could not be purged'),
    )
  }
}

/** Changes when the file does. */
async function changeOf(path: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(path)
    return `${mtimeMs}:${size}:${ino}`
  } catch {
    return 'none'
  }
}

async function settingsOf(path: string): Promise<Record<string, unknown>> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw error
  }
  const value: unknown = JSON.parse(text)
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw new TypeError(`${path} must hold a JSON object of settings.`)
}
