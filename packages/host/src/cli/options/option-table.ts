/**
 * Every option of the host, once: flags, variables of the environment, the configuration file, the help and the README's table are
 * all made from this. Ranges are checked by `resolveHostOptions`, for everybody.
 */
import { type HostOptions, resolveHostOptions } from '../../options.ts'

/** How a value is written, and read from text. */
export type OptionType = 'text' | 'number' | 'bytes' | 'milliseconds'

export interface OptionRow {
  readonly type: OptionType
  /** Stands for the value in the help. */
  readonly value: string
  /** What is counted; empty where nothing is. */
  readonly unit: string
  readonly help: string
  /** The default in words, where it is no constant. */
  readonly defaultWords?: string
}

export type OptionName = keyof HostOptions

/** In the order of the help. */
export const optionTable: Readonly<Record<OptionName, OptionRow>> = {
  modules: {
    type: 'text',
    value: 'FOLDER',
    unit: '',
    help: 'A folder whose .wasm files are loaded, watched, and purged when they go. NAME.json beside NAME.wasm has its settings',
    defaultWords: 'none',
  },
  listen: {
    type: 'text',
    value: 'HOST:PORT',
    unit: '',
    help: 'Where requests for modules arrive; port 0 is any free one, no host is all interfaces',
  },
  adminListen: {
    type: 'text',
    value: 'HOST:PORT',
    unit: '',
    help: 'Where modules are administered. Other than loopback needs a token file or token reviews: whoever reaches this port can load code',
  },
  tokenFile: {
    type: 'text',
    value: 'FILE',
    unit: '',
    help: 'A file with the bearer token of the administration port, 16 characters or more; read again when it changes',
    defaultWords: 'none: loopback only',
  },
  tokenReviewAudience: {
    type: 'text',
    value: 'AUDIENCE',
    unit: '',
    help: "Takes tokens of Kubernetes' service accounts at the administration port that are for this audience, as its API server says",
    defaultWords: 'none',
  },
  tokenReviewAccounts: {
    type: 'text',
    value: 'NAMESPACE:NAME,...',
    unit: '',
    help: 'Which service accounts those are, separated by commas, 1 to 100. Needed with the audience',
    defaultWords: 'none',
  },
  serviceAccountFolder: {
    type: 'text',
    value: 'FOLDER',
    unit: '',
    help: 'A folder with the token and the ca.crt with which the API server is asked; both are read again each time',
  },
  podUid: {
    type: 'text',
    value: 'UID',
    unit: '',
    help: 'UID of the pod that the host runs in (downward API: metadata.uid), for whoever asks who it is',
    defaultWords: 'none',
  },
  workers: {
    type: 'number',
    value: 'NUMBER',
    unit: 'threads',
    help: 'Worker threads, 1 to 64. Each runs one guest at a time',
    defaultWords: 'the processor cores',
  },
  slots: {
    type: 'number',
    value: 'NUMBER',
    unit: 'memories',
    help: 'Slots of each worker, 1 to 4096: how many modules can be warm there',
  },
  maxMemoryBytes: {
    type: 'bytes',
    value: 'BYTES',
    unit: 'bytes',
    help: "What a guest's memory can grow to at most: a multiple of 64KiB, up to 4GiB",
  },
  workerHeapBytes: {
    type: 'bytes',
    value: 'BYTES',
    unit: 'bytes',
    help: "How much V8's own heap may take in each worker, 16MiB to 16GiB, for tables, GC objects and what WASI keeps; one that needs more is replaced",
  },
  maxTables: {
    type: 'number',
    value: 'NUMBER',
    unit: 'tables',
    help: 'How many tables a module may have, 1 to 100000',
  },
  maxTableElements: {
    type: 'number',
    value: 'NUMBER',
    unit: 'entries',
    help: "What each of a guest's tables can grow to at most, 1 to 10000000; with more than 262144 one can end the process",
  },
  maxArrayBytes: {
    type: 'bytes',
    value: 'BYTES',
    unit: 'bytes',
    help: "How large each of a guest's arrays can be (GC proposal), up to 1GiB; one of more than 8MiB can end the process",
  },
  queue: {
    type: 'number',
    value: 'NUMBER',
    unit: 'requests',
    help: 'How many requests may wait for a worker, of all modules, 0 to 1000000; one more is answered with 503',
  },
  moduleBytes: {
    type: 'bytes',
    value: 'BYTES',
    unit: 'bytes',
    help: 'How large a module may be that is put by HTTP, up to 1GiB',
  },
  graceMs: {
    type: 'milliseconds',
    value: 'MS',
    unit: 'milliseconds',
    help: 'How long a guest past its time limit may still not have ended, before its worker is',
  },
  drainMs: {
    type: 'milliseconds',
    value: 'MS',
    unit: 'milliseconds',
    help: 'How long running requests are waited for at the end',
  },
  instances: {
    type: 'text',
    value: 'pooled|native',
    unit: '',
    help: "native makes V8's own instances, one for each request: for comparison",
  },
  logLevel: {
    type: 'text',
    value: 'LEVEL',
    unit: '',
    help: 'The least severe messages that are logged: trace, debug, info, warn, error, fatal or silent',
  },
}

export const optionNames: readonly OptionName[] = Object.keys(optionTable) as OptionName[]

/** `maxMemoryBytes`: `max-memory-bytes`. */
export function flagOf(name: OptionName): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** `maxMemoryBytes`: `WARMSLOT_MAX_MEMORY_BYTES`. */
export function variableOf(name: OptionName): string {
  return `WARMSLOT_${flagOf(name).replaceAll('-', '_').toUpperCase()}`
}

/** The default as it may be given: `128MiB`. */
export function defaultOf(name: OptionName): string {
  const { defaultWords, type } = optionTable[name]
  const value = resolveHostOptions({})[name]
  if (defaultWords !== undefined) return defaultWords
  return type === 'bytes' ? `${Number(value) / 2 ** 20}MiB` : String(value)
}
