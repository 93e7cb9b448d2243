/**
 * Compares what the options ask for with what the process may have, before the first slot is made: running into
 * `vm.max_map_count` later would abort the process, and running out of address space would fail at a random call.
 */
import { mapCountLimit, mappingCount, mappingsPerReservation, mappingsPerSlot } from '@warmslot/memory-image'
import { readFileSync } from 'node:fs'

import { ResourceLimitError } from '../errors/resource-limit-error.ts'

/** A memory's mappings inside, and V8's guard region behind. */
const mappingsPerMemory = mappingsPerSlot + mappingsPerReservation

/**
 * The share of the limit that may be used: the rest is left to V8, its threads and everything else that is still to
 * come. The pool refuses new slots beyond the same share.
 */
const usableShare = 0.9

/** What a process can address in user space with the usual 47 bits. */
const addressSpaceBytes = 2 ** 47

/** A share of the address space for everything that is no slot. */
const sparedAddressSpaceBytes = 2 ** 40

export interface Demand {
  readonly slots: number
  readonly reservedBytesPerMemory: number
}

/** @throws ResourceLimitError */
export function checkLimits({ slots, reservedBytesPerMemory }: Demand): void {
  checkMappings(slots)
  checkAddressSpace(slots, reservedBytesPerMemory)
}

function checkMappings(slots: number): void {
  const limit = mapCountLimit()
  const present = mappingCount()
  const fitting = Math.max(0, Math.floor((limit * usableShare - present) / mappingsPerMemory))
  if (slots <= fitting) return
  const needed = Math.ceil((present + slots * mappingsPerMemory) / usableShare)
  throw new ResourceLimitError(
    'vm.max_map_count',
    `${slots} slots need up to ${needed} memory mappings (${mappingsPerMemory} a slot, a tenth of the limit left to others), but vm.max_map_count is ${limit}. ` +
      `Set option \`slots\` to ${fitting} or less, or raise the limit: sysctl -w vm.max_map_count=${needed}.`,
  )
}

/**
 * @param reservedBytesPerSlot by all memories that a slot may have
 * @throws ResourceLimitError
 */
export function checkAddressSpace(slots: number, reservedBytesPerSlot: number): void {
  const limit = Math.min(addressSpaceBytes, addressSpaceLimit())
  const fitting = Math.max(0, Math.floor((limit - sparedAddressSpaceBytes) / reservedBytesPerSlot))
  if (slots <= fitting) return
  throw new ResourceLimitError(
    limit < addressSpaceBytes ? 'RLIMIT_AS' : 'address space',
    `${slots} slots need ${slots} x ${reservedBytesPerSlot / 2 ** 30} GiB of address space, since V8 reserves that much ` +
      `for the memories of each; ${fitting} fit. Set option \`slots\` to ${fitting} or less` +
      (limit < addressSpaceBytes ? ', or lift the limit on the address space (ulimit -v unlimited).' : '.'),
  )
}

/** RLIMIT_AS in bytes; Infinity where there is none. See getrlimit(2), proc_pid_limits(5). */
function addressSpaceLimit(): number {
  const line = /^Max address space\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))
  const soft = Number(line?.[1])
  return Number.isFinite(soft) ? soft : Infinity
}
