/** Who a host is, for those that must know whether they speak with the same process as before. */
import { readFile } from 'node:fs/promises'

export interface HostIdentity {
  /** A UUID that no other host has: new at each start. */
  readonly instance: string
  /** When the process had come up, before it listened: ISO 8601, by this machine's clock. */
  readonly startedAt: string
  /** Linux's, new at each start of the machine; undefined where it cannot be read. */
  readonly bootId: string | undefined
}

const bootIdFile = '/proc/sys/kernel/random/boot_id'

/**
 * Call it when the process has come up, and does not listen yet.
 *
 * Whoever compares `startedAt` with what a container's runtime says wants to know whether that container is this process's own or a later
 * one. The runtime looks at its clock only after it has started the program, so what the kernel has for the process (/proc/self/stat, and
 * Node's `performance.timeOrigin`) may lie before the container's start. A moment after the program has come up cannot, and lies
 * before the start of any container that follows.
 */
export async function identifyHost(instance: string): Promise<HostIdentity> {
  return {
    instance,
    startedAt: new Date().toISOString(),
    bootId: await readFile(bootIdFile, 'utf8').then(
      (text) => text.trim(),
      () => undefined,
    ),
  }
}
