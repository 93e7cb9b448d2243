/**
 * Names memfds so that the kernel's own lists (/proc/self/maps, /proc/self/fd) tell one image from every other one in
 * the process: of another thread, and of another copy of this package.
 */

import { randomBytes } from 'node:crypto'
import { threadId } from 'node:worker_threads'

const copyOfPackage = randomBytes(4).toString('hex')
let lastId = 0

/** What every name begins with, whichever thread or copy of this package made it. */
export const memfdNamePrefix = 'warmslot:'

/** memfd_create(2) allows 249 bytes; the label gets what a person reads at a glance. */
const maximumLabelLength = 64

/** The next number in this thread, from 1. */
export function nextImageId(): number {
  lastId += 1
  return lastId
}

/** Such as `warmslot:0.17.9f3a61c2:renderer`. Letters, digits and `._-` of the label are kept. */
export function memfdNameOf(id: number, label: string): string {
  const readable = label.slice(0, maximumLabelLength).replaceAll(/[^\w.-]/g, '_')
  return `${memfdNamePrefix}${threadId}.${id}.${copyOfPackage}${readable === '' ? '' : `:${readable}`}`
}
