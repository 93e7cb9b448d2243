/** The operator's options, their defaults, units and ranges. */
import { hostname } from 'node:os'
import { InvalidOperatorOptionError } from './errors/invalid-operator-option-error.ts'
import { readListenAddress } from './listen-address.ts'

export interface OperatorOptions {
  /** Where hosts and the lease are. @default the namespace of the kubeconfig's context; in a pod, the pod's own */
  readonly namespace?: string
  /** Whose Modules are looked after. @default those of all namespaces */
  readonly moduleNamespace?: string | undefined
  /** Which pods are hosts: a label selector. @default 'app.kubernetes.io/name=warmslot-host' */
  readonly hostSelector?: string
  /** A file with the bearer token for hosts, read again as it changes. @default none: hosts ask for none */
  readonly hostTokenFile?: string | undefined
  /** Where `/healthz` and `/readyz` are, as `HOST:PORT`; port 0: any free one. @default ':8081' */
  readonly healthListen?: string
  /** Where `/metrics` is, as `HOST:PORT`. @default ':8080' */
  readonly metricsListen?: string
  /** Whether one of several is to be in charge, by a Lease. @default true */
  readonly leaderElection?: boolean
  /** @default 'warmslot-operator' */
  readonly leaseName?: string
  /** Who this one is among them. @default the variable POD_NAME, or the machine's name, and the process's number */
  readonly identity?: string
  /** How long the lease is good, in milliseconds, 1,000 to 600,000; renewed within two thirds of it. @default 15_000 */
  readonly leaseDurationMs?: number
  /** Modules that are worked on at once. 1 to 1,000. @default 16 */
  readonly concurrency?: number
  /** Between two questions to a host who it is, in milliseconds. 100 to 600,000. @default 10_000 */
  readonly probeMs?: number
  /** How long a host may take to answer, in milliseconds. 100 to 60,000. @default 5_000 */
  readonly hostTimeoutMs?: number
  /**
   * How long the operator's own path must have been well, while a host does not answer, before that host counts as unreachable, in
   * milliseconds. 0 to 3,600,000. @default 30_000
   */
  readonly pathGraceMs?: number
  /** How long one look at a deleted Module waits for its hosts, in milliseconds. 0 to 60,000. @default 1_000 */
  readonly purgeWaitMs?: number
  /** The longest time between two looks at a Module that is not settled, in milliseconds. 100 to 600,000. @default 30_000 */
  readonly retryMs?: number
  /** How large a module may be, in bytes. 8 to 2^30. @default 268_435_456 (256 MiB) */
  readonly moduleBytes?: number
  /** Least severe messages that are logged: pino's levels. @default 'info' */
  readonly logLevel?: LogLevel
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

type Optional = 'hostTokenFile' | 'moduleNamespace'
export type ResolvedOperatorOptions = Required<Omit<OperatorOptions, Optional>> &
  Pick<OperatorOptions, Optional>

const ranges = {
  leaseDurationMs: [1_000, 600_000],
  concurrency: [1, 1_000],
  probeMs: [100, 600_000],
  hostTimeoutMs: [100, 60_000],
  pathGraceMs: [0, 3_600_000],
  purgeWaitMs: [0, 60_000],
  retryMs: [100, 600_000],
  moduleBytes: [8, 2 ** 30],
} as const satisfies Partial<Record<keyof OperatorOptions, readonly [number, number]>>

const logLevels: readonly string[] = [
  'trace',
  'debug',
  'info',
  'warn',
  'error',
  'fatal',
  'silent',
] satisfies LogLevel[]

/** @param ownNamespace where the kubeconfig says that this is @throws InvalidOperatorOptionError */
export function resolveOperatorOptions(
  options: OperatorOptions,
  ownNamespace: string | undefined,
): ResolvedOperatorOptions {
  const resolved: ResolvedOperatorOptions = {
    namespace: options.namespace ?? ownNamespace ?? 'default',
    moduleNamespace: options.moduleNamespace,
    hostSelector: options.hostSelector ?? 'app.kubernetes.io/name=warmslot-host',
    hostTokenFile: options.hostTokenFile,
    healthListen: options.healthListen ?? ':8081',
    metricsListen: options.metricsListen ?? ':8080',
    leaderElection: options.leaderElection ?? true,
    leaseName: options.leaseName ?? 'warmslot-operator',
    identity: options.identity ?? `${process.env['POD_NAME'] || hostname()}_${process.pid}`,
    leaseDurationMs: options.leaseDurationMs ?? 15_000,
    concurrency: options.concurrency ?? 16,
    probeMs: options.probeMs ?? 10_000,
    hostTimeoutMs: options.hostTimeoutMs ?? 5_000,
    pathGraceMs: options.pathGraceMs ?? 30_000,
    purgeWaitMs: options.purgeWaitMs ?? 1_000,
    retryMs: options.retryMs ?? 30_000,
    moduleBytes: options.moduleBytes ?? 256 * 2 ** 20,
    logLevel: options.logLevel ?? 'info',
  }
  for (const name of Object.keys(options))
    if (!(name in resolved))
      throw new InvalidOperatorOptionError(name, `one of ${Object.keys(resolved).join(', ')}`, name)
  for (const [name, [least, most]] of Object.entries(ranges) as [
    keyof typeof ranges,
    readonly [number, number],
  ][]) {
    const value = resolved[name]
    if (!Number.isInteger(value) || value < least || value > most)
      throw new InvalidOperatorOptionError(name, `a whole number from ${least} to ${most}`, value)
  }
  for (const name of ['healthListen', 'metricsListen'] as const) readListenAddress(name, resolved[name])
  for (const name of ['namespace', 'leaseName'] as const) {
    if (!/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(resolved[name]))
      throw new InvalidOperatorOptionError(name, 'a name as Kubernetes has them', resolved[name])
  }
  if (!logLevels.includes(resolved.logLevel))
    throw new InvalidOperatorOptionError('logLevel', logLevels.join(', '), resolved.logLevel)
  return resolved
}
