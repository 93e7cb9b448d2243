/** Every option once: flags, variables and the help are made from this. Ranges are checked by `resolveOperatorOptions`. */
import type { OperatorOptions } from '../options.ts'

export interface OptionRow {
  readonly type: 'text' | 'number' | 'boolean'
  /** Stands for the value in the help. */
  readonly value: string
  readonly help: string
  readonly default: string
}

export const optionTable: Readonly<Record<keyof OperatorOptions, OptionRow>> = {
  namespace: { type: 'text', value: 'NAME', help: 'Where hosts and the lease are', default: "the pod's own" },
  moduleNamespace: {
    type: 'text',
    value: 'NAME',
    help: 'Whose Modules are looked after',
    default: 'those of all namespaces',
  },
  hostSelector: {
    type: 'text',
    value: 'SELECTOR',
    help: 'Which pods are hosts: a label selector',
    default: 'app.kubernetes.io/name=warmslot-host',
  },
  hostTokenFile: {
    type: 'text',
    value: 'FILE',
    help: 'A file with the bearer token for hosts, read again as it changes',
    default: 'none',
  },
  healthListen: {
    type: 'text',
    value: 'HOST:PORT',
    help: 'Where /healthz and /readyz are',
    default: ':8081',
  },
  metricsListen: { type: 'text', value: 'HOST:PORT', help: 'Where /metrics is', default: ':8080' },
  leaderElection: {
    type: 'boolean',
    value: 'true|false',
    help: 'Whether one of several is to be in charge, by a Lease',
    default: 'true',
  },
  leaseName: { type: 'text', value: 'NAME', help: 'The name of the Lease', default: 'warmslot-operator' },
  identity: {
    type: 'text',
    value: 'TEXT',
    help: 'Who this one is among them',
    default: "$POD_NAME or the machine's name, and the process's number",
  },
  leaseDurationMs: { type: 'number', value: 'MS', help: 'How long the lease is good', default: '15000' },
  concurrency: { type: 'number', value: 'NUMBER', help: 'Modules that are worked on at once', default: '16' },
  probeMs: {
    type: 'number',
    value: 'MS',
    help: 'Between two questions to a host who it is',
    default: '10000',
  },
  hostTimeoutMs: { type: 'number', value: 'MS', help: 'How long a host may take to answer', default: '5000' },
  pathGraceMs: {
    type: 'number',
    value: 'MS',
    help: "How long the operator's own path must have been well before a host counts as unreachable",
    default: '30000',
  },
  purgeWaitMs: {
    type: 'number',
    value: 'MS',
    help: 'How long one look at a deleted Module waits for its hosts',
    default: '1000',
  },
  retryMs: {
    type: 'number',
    value: 'MS',
    help: 'The longest time between two looks at a Module that is not settled',
    default: '30000',
  },
  moduleBytes: { type: 'number', value: 'BYTES', help: 'How large a module may be', default: '268435456' },
  logLevel: {
    type: 'text',
    value: 'LEVEL',
    help: 'Least severe messages: trace, debug, info, warn, error, fatal or silent',
    default: 'info',
  },
}

export const optionNames: readonly (keyof OperatorOptions)[] = Object.keys(
  optionTable,
) as (keyof OperatorOptions)[]

/** `hostSelector`: `host-selector`. */
export function flagOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** `hostSelector`: `WARMSLOT_OPERATOR_HOST_SELECTOR`. */
export function variableOf(name: string): string {
  return `WARMSLOT_OPERATOR_${flagOf(name).replaceAll('-', '_').toUpperCase()}`
}
