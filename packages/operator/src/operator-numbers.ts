/** Gauges of Modules and hosts, counted when they are asked for. */
import type { Watches } from './controllers.ts'
import type { KnownHost } from './hosts/host-directory.ts'
import type { OperatorMetrics } from './metrics.ts'
import type { Module } from './resource/module.ts'

const moduleStates = ['ready', 'waiting', 'purging', 'blocked'] as const
const hostStates = ['reachable', 'failing', 'unknown'] as const

export function watchNumbers(
  { modules, hosts }: OperatorMetrics,
  watches: () => Watches | undefined,
  knownHosts: () => readonly KnownHost[],
): void {
  Object.assign(modules, {
    collect(): void {
      const states = (watches()?.modules.store.list() ?? []).map(moduleState)
      for (const state of moduleStates) modules.set({ state }, states.filter((one) => one === state).length)
    },
  })
  Object.assign(hosts, {
    collect(): void {
      const states = knownHosts().map(hostState)
      for (const state of hostStates) hosts.set({ state }, states.filter((one) => one === state).length)
    },
  })
}

function moduleState({ metadata, status }: Module): (typeof moduleStates)[number] {
  const isTrue = (type: string): boolean =>
    status?.conditions?.some((one) => one.type === type && one.status === 'True') ?? false
  if (metadata.deletionTimestamp != null) return isTrue('ReleaseBlocked') ? 'blocked' : 'purging'
  return isTrue('Ready') ? 'ready' : 'waiting'
}

function hostState({ failing, identity }: KnownHost): (typeof hostStates)[number] {
  if (failing !== undefined) return 'failing'
  return identity === undefined ? 'unknown' : 'reachable'
}
