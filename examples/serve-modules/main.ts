/**
 * A host in a program of one's own: a module is put, called over HTTP by many clients at once, each call in an instance of its own,
 * replaced without a gap, and deleted. The receipt says what the kernel says.
 *
 * On the command line it is `warmslot serve --modules FOLDER`.
 */
import { createHash } from 'node:crypto'

import { Host } from '@warmslot/host'

import { primeReactorBytes } from '../guest/prime-reactor.ts'

await using host = await Host.start({
  listen: '127.0.0.1:0',
  adminListen: '127.0.0.1:0',
  workers: 2,
  logLevel: 'silent',
})
const requests = `http://127.0.0.1:${host.addresses.listen.port}/v1/modules`
const administration = `http://127.0.0.1:${host.addresses.adminListen.port}/v1/modules`

/** `initialize: once`: the sieve is made when the module is loaded, and each request starts with it. `queue`: so many may wait. */
async function put(uid: string): Promise<void> {
  const digest = `sha256:${createHash('sha256').update(primeReactorBytes).digest('hex')}`
  const query = new URLSearchParams({ name: 'primes', digest, initialize: 'once', queue: '200' })
  const response = await fetch(`${administration}/${uid}?${query}`, {
    method: 'PUT',
    body: primeReactorBytes,
  })
  console.log(`put ${uid}: ${response.status}`)
}

async function isPrime(number: number): Promise<boolean> {
  const body = JSON.stringify({ arguments: [number] })
  const response = await fetch(`${requests}/primes/call/isPrime`, { method: 'POST', body })
  if (!response.ok) throw new Error(await response.text())
  return ((await response.json()) as { result: number }).result === 1
}

await put('primes-1')
const numbers = Array.from({ length: 200 }, (_, index) => 99_800 + index)
const primes = (
  await Promise.all(numbers.map(async (number) => ((await isPrime(number)) ? [number] : [])))
).flat()
console.log(`200 requests at once: the last primes below 100,000 are ${primes.slice(-3).join(', ')}`)

await put('primes-2')
for (const uid of ['primes-1', 'primes-2']) {
  const { complete, kernel, workers } = (await (
    await fetch(`${administration}/${uid}`, { method: 'DELETE' })
  ).json()) as { complete: boolean; kernel: { mappings: number }; workers: { slotsCleared: number }[] }
  const slots = workers.reduce((sum, { slotsCleared }) => sum + slotsCleared, 0)
  console.log(
    `${uid} is deleted: ${slots} slots cleared, the kernel has ${kernel.mappings} mappings, complete: ${complete}`,
  )
  const answer = await fetch(`${requests}/primes/call/isPrime`, {
    method: 'POST',
    body: '{"arguments": [7]}',
  })
  console.log(`  and a request is answered with ${answer.status}`)
}
