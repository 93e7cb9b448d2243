/** The host's options, their defaults, units and ranges. */
import { availableParallelism } from 'node:os'
import { isName } from './modules/module-name.ts'
import { readAccounts } from './kubernetes/service-accounts.ts'
import type { GuestLimits } from './guest-limits.ts'
import { describeRange, isWithin, type NumberRange } from './number-range.ts'
import type { InstanceMode } from './workers/protocol.ts'

export interface HostOptions {
  /** Where requests for modules arrive, as `HOST:PORT`; port 0: any free one. @default '127.0.0.1:8080' */
  readonly listen?: string
  /** Where modules are administered. Other than loopback needs `tokenFile` or `tokenReviewAudience`. @default '127.0.0.1:8081' */
  readonly adminListen?: string
  /** A file with the bearer token of the administration port, 16 characters or more. @default none: loopback only */
  readonly tokenFile?: string | undefined
  /** UID of the pod that the host runs in, for whoever asks who it is: letters, digits, "-", "_", ".". @default none */
  readonly podUid?: string | undefined
  /**
   * Lets service accounts of Kubernetes use the administration port: their tokens must be for this audience, as its API server says
   * (TokenReview). Needs `tokenReviewAccounts`, and to run in a pod. @default none: no such tokens are taken
   */
  readonly tokenReviewAudience?: string | undefined
  /** Which service accounts, `NAMESPACE:NAME`, separated by commas: 1 to 100. @default none */
  readonly tokenReviewAccounts?: string | undefined
  /** A folder with the `token` and the `ca.crt` with which the API server is asked. @default '/var/run/secrets/kubernetes.io/serviceaccount' */
  readonly serviceAccountFolder?: string
  /** A folder whose `.wasm` files are loaded, watched, and purged when they go. @default none */
  readonly modules?: string | undefined
  /** Worker threads, 1 to 64. @default the processor cores */
  readonly workers?: number
  /** Slots of each worker: how many modules can be warm there. 1 to 4,096. @default 64 */
  readonly slots?: number
  /**
   * How much V8's own heap may take in each worker, in bytes: a guest's tables and GC objects, and what WASI makes of its calls. A
   * worker that needs more ends, and is replaced. 16 MiB to 16 GiB. @default 536_870_912 (512 MiB)
   */
  readonly workerHeapBytes?: number
  /** What a guest's memory can grow to at most, in bytes: a multiple of 65,536, up to 4 GiB. @default 134_217_728 (128 MiB) */
  readonly maxMemoryBytes?: number
  /** How many tables a module may have; one with more is refused. 1 to 100,000. @default 8 */
  readonly maxTables?: number
  /**
   * What each table of a guest can grow to at most, in entries of up to 32 bytes on a worker's heap. 1 to 10,000,000; with more than
   * 262,144, one table can end the process. @default 262_144
   */
  readonly maxTableElements?: number
  /**
   * How large each array of a guest can be (GC proposal), in bytes. 1 to 1 GiB; one of more than 8 MiB can end the process.
   * @default 8_388_608 (8 MiB)
   */
  readonly maxArrayBytes?: number
  /** How many requests may wait for a worker, of all modules; one more is answered with 503. 0 to 1,000,000. @default 1_000 */
  readonly queue?: number
  /** How large a module may be, in bytes. @default 268_435_456 (256 MiB) */
  readonly moduleBytes?: number
  /** How long a guest past its time limit may still not have ended, in milliseconds, before its worker is. @default 1_000 */
  readonly graceMs?: number
  /** How long running requests are waited for at the end, in milliseconds. @default 30_000 */
  readonly drainMs?: number
  /** `native` makes V8's own instances, one for each request: for comparison. @default 'pooled' */
  readonly instances?: InstanceMode
  /** Least severe messages that are logged: pino's levels. @default 'info' */
  readonly logLevel?: LogLevel
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

/** They have no default. */
type OpenOption = 'tokenFile' | 'tokenReviewAudience' | 'tokenReviewAccounts' | 'modules' | 'podUid'

export type ResolvedHostOptions = Required<Omit<HostOptions, OpenOption>> & Pick<HostOptions, OpenOption>

const logLevels: readonly string[] = [
  'trace',
  'debug',
  'info',
  'warn',
  'error',
  'fatal',
  'silent',
] satisfies LogLevel[]
const mib = 2 ** 20

type RangedOption =
  | 'workers'
  | 'slots'
  | 'workerHeapBytes'
  | keyof GuestLimits
  | 'queue'
  | 'moduleBytes'
  | 'graceMs'
  | 'drainMs'

export const hostOptionRanges: Readonly<Record<RangedOption, NumberRange>> = {
  workers: { least: 1, most: 64 },
  slots: { least: 1, most: 4_096 },
  workerHeapBytes: { least: 16 * mib, most: 2 ** 34 },
  maxMemoryBytes: { least: 65_536, most: 2 ** 32, multipleOf: 65_536 },
  maxTables: { least: 1, most: 100_000 },
  maxTableElements: { least: 1, most: 10_000_000 },
  maxArrayBytes: { least: 1, most: 2 ** 30 },
  queue: { least: 0, most: 1_000_000 },
  moduleBytes: { least: 8, most: 2 ** 30 },
  graceMs: { least: 0, most: 3_600_000 },
  drainMs: { least: 0, most: 3_600_000 },
}

/** An option that is not as it must be. */
export class InvalidHostOptionError extends Error {
  readonly code = 'WARMSLOT_INVALID_OPTION'
  readonly option: string

  constructor(option: string, expected: string, given: unknown) {
    super(`Option "${option}" must be ${expected}, not ${JSON.stringify(given)}.`)
    this.name = 'InvalidHostOptionError'
    this.option = option
  }
}

/** @throws InvalidHostOptionError */
export function resolveHostOptions(options: HostOptions): ResolvedHostOptions {
  const resolved: ResolvedHostOptions = {
    listen: options.listen ?? '127.0.0.1:8080',
    adminListen: options.adminListen ?? '127.0.0.1:8081',
    tokenFile: options.tokenFile,
    tokenReviewAudience: options.tokenReviewAudience,
    tokenReviewAccounts: options.tokenReviewAccounts,
    serviceAccountFolder: options.serviceAccountFolder ?? '/var/run/secrets/kubernetes.io/serviceaccount',
    modules: options.modules,
    podUid: options.podUid,
    workers: options.workers ?? availableParallelism(),
    slots: options.slots ?? 64,
    workerHeapBytes: options.workerHeapBytes ?? 512 * mib,
    maxMemoryBytes: options.maxMemoryBytes ?? 128 * mib,
    maxTables: options.maxTables ?? 8,
    maxTableElements: options.maxTableElements ?? 262_144,
    maxArrayBytes: options.maxArrayBytes ?? 8 * mib,
    queue: options.queue ?? 1_000,
    moduleBytes: options.moduleBytes ?? 256 * mib,
    graceMs: options.graceMs ?? 1_000,
    drainMs: options.drainMs ?? 30_000,
    instances: options.instances ?? 'pooled',
    logLevel: options.logLevel ?? 'info',
  }
  for (const name of Object.keys(options))
    if (!(name in resolved))
      throw new InvalidHostOptionError(name, `one of ${Object.keys(resolved).join(', ')}`, name)
  for (const [name, range] of Object.entries(hostOptionRanges) as [RangedOption, NumberRange][]) {
    if (!isWithin(resolved[name], range))
      throw new InvalidHostOptionError(name, describeRange(range), resolved[name])
  }
  if (resolved.podUid !== undefined && !isName(resolved.podUid))
    throw new InvalidHostOptionError('podUid', 'letters, digits, "-", "_" and "."', resolved.podUid)
  checkTokenReview(resolved)
  if (!['pooled', 'native'].includes(resolved.instances))
    throw new InvalidHostOptionError('instances', '"pooled" or "native"', resolved.instances)
  if (!logLevels.includes(resolved.logLevel))
    throw new InvalidHostOptionError('logLevel', logLevels.join(', '), resolved.logLevel)
  return resolved
}

/** Audiences are names or URLs. */
const audiencePattern = /^[\x21-\x7e]{1,253}$/

function checkTokenReview({ tokenReviewAudience, tokenReviewAccounts }: ResolvedHostOptions): void {
  if (tokenReviewAudience !== undefined && !audiencePattern.test(tokenReviewAudience))
    throw new InvalidHostOptionError(
      'tokenReviewAudience',
      '1 to 253 characters without spaces',
      tokenReviewAudience,
    )
  if (tokenReviewAccounts !== undefined && readAccounts(tokenReviewAccounts) === undefined)
    throw new InvalidHostOptionError(
      'tokenReviewAccounts',
      'NAMESPACE:NAME of 1 to 100 service accounts, separated by commas',
      tokenReviewAccounts,
    )
}
