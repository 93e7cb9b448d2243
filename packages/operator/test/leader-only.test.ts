/** One that is not in charge sends nothing to the API server. */
import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { ApiClient } from '../src/kubernetes/cluster/api-client.ts'
import { LeaderOnly } from '../src/leader-only.ts'

class Recorder extends ApiClient {
  readonly paths: string[] = []

  async request<T>({ path }: { readonly path: string }): Promise<T> {
    this.paths.push(path)
    return { path } as T
  }

  async stream({ path }: { readonly path: string }): Promise<Readable> {
    this.paths.push(path)
    return Readable.from([])
  }
}

it('asks before each request, and passes on what comes back', async () => {
  const cluster = new Recorder()
  const { signal } = new AbortController()
  let isLeading = true
  const only = new LeaderOnly(cluster, () => {
    if (!isLeading) throw new Error('not in charge')
  })
  expect(await only.request({ method: 'GET', path: '/a' })).toEqual({ path: '/a' })
  expect(await only.stream({ path: '/b', signal })).toBeInstanceOf(Readable)
  isLeading = false
  await expect(only.request({ method: 'PATCH', path: '/c' })).rejects.toThrow('not in charge')
  await expect(only.stream({ path: '/d', signal })).rejects.toThrow('not in charge')
  expect(cluster.paths).toEqual(['/a', '/b'])
})
