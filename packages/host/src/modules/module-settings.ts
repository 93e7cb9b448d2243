/** What may be set for one module, with defaults, units and ranges; read from queries, files and options alike. */
import { BadRequestError } from '../errors/bad-request-error.ts'
import { describeRange, isWithin, type NumberRange } from '../number-range.ts'

export interface ModuleSettings {
  /** How long one request may run, in milliseconds. @default 10_000 */
  readonly timeLimitMs: number
  /** How large its memory may become, in bytes: a multiple of 65,536. @default the host's `maxMemoryBytes` */
  readonly memoryBytes: number
  /** How many of its requests may run at once. @default the number of workers */
  readonly concurrency: number
  /** How many of its requests may wait; one more is answered with 429. @default 100 */
  readonly queue: number
  /** How large a request's body may be, in bytes. @default 10_485_760 (10 MiB) */
  readonly requestBytes: number
  /** How much a guest may write to its standard output, and to its standard error, in bytes. @default 10_485_760 (10 MiB) */
  readonly responseBytes: number
  /**
   * How many instances are ready in slots before the module is, over all workers, as many in each. There is one in each worker in any
   * case. At most the host's `workers` times its `slots`. @default 0
   */
  readonly warmSlots: number
  /**
   * When a reactor's `_initialize` runs: in each request, or once, when the module is loaded; each request then starts with the
   * memory that this left. @default 'each-request'
   */
  readonly initialize: 'each-request' | 'once'
}

/** Defaults that depend on the host. */
export interface HostLimits {
  readonly workers: number
  /** Of each worker. */
  readonly slots: number
  readonly maxMemoryBytes: number
}

const mib = 2 ** 20
const wasmPage = 65_536

export type NumberSetting = Exclude<keyof ModuleSettings, 'initialize'>

/** What is allowed, and what is taken where nothing is said; undefined: that is the host's. */
export interface SettingRange extends NumberRange {
  readonly otherwise?: number
}

export const settingRanges: Readonly<Record<NumberSetting, SettingRange>> = {
  timeLimitMs: { least: 1, most: 2 ** 30 - 1, otherwise: 10_000 },
  memoryBytes: { least: wasmPage, most: 2 ** 32, multipleOf: wasmPage },
  concurrency: { least: 1, most: 1024 },
  queue: { least: 0, most: 100_000, otherwise: 100 },
  requestBytes: { least: 0, most: 2 ** 30, otherwise: 10 * mib },
  responseBytes: { least: 0, most: 2 ** 30, otherwise: 10 * mib },
  warmSlots: { least: 0, most: 4_096, otherwise: 0 },
}

export const initializations: readonly ModuleSettings['initialize'][] = ['each-request', 'once']

export const settingNames: readonly string[] = [...Object.keys(settingRanges), 'initialize']

/** @param given by name, as numbers or as text @throws BadRequestError naming the setting that is wrong */
export function readSettings(given: Readonly<Record<string, unknown>>, limits: HostLimits): ModuleSettings {
  for (const name of Object.keys(given)) {
    if (!settingNames.includes(name))
      throw new BadRequestError(`There is no setting "${name}"; there are ${settingNames.join(', ')}.`)
  }
  const number = (name: NumberSetting, hosts = 0): number =>
    given[name] === undefined ? (settingRanges[name].otherwise ?? hosts) : wholeNumber(name, given[name])
  const memoryBytes = number('memoryBytes', limits.maxMemoryBytes)
  if (memoryBytes > limits.maxMemoryBytes) {
    throw new BadRequestError(
      `Setting "memoryBytes" is ${memoryBytes}, but this host's memories end at ${limits.maxMemoryBytes} (option "maxMemoryBytes").`,
    )
  }
  const warmSlots = number('warmSlots')
  if (warmSlots > limits.workers * limits.slots) {
    throw new BadRequestError(
      `Setting "warmSlots" is ${warmSlots}, but this host has ${limits.workers * limits.slots} slots (options "workers" and "slots").`,
    )
  }
  return {
    timeLimitMs: number('timeLimitMs'),
    memoryBytes,
    concurrency: number('concurrency', limits.workers),
    queue: number('queue'),
    requestBytes: number('requestBytes'),
    responseBytes: number('responseBytes'),
    warmSlots,
    initialize: initialization(given['initialize']),
  }
}

function wholeNumber(name: NumberSetting, value: unknown): number {
  const range = settingRanges[name]
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
  if (isWithin(number, range)) return number
  throw new BadRequestError(
    `Setting "${name}" must be ${describeRange(range)}, not ${JSON.stringify(value)}.`,
  )
}

function initialization(value: unknown): ModuleSettings['initialize'] {
  const found = initializations.find((one) => one === (value ?? 'each-request'))
  if (found !== undefined) return found
  throw new BadRequestError(
    `Setting "initialize" must be "each-request" or "once", not ${JSON.stringify(value)}.`,
  )
}
