/** Both servers under the same load, by turns: one works while the other waits. */
import type { InstanceMode } from '@warmslot/host'
import { progress } from '../progress.ts'
import { rounded } from '../report/format.ts'
import { percentile } from '../statistics.ts'
import type { Job } from './jobs.ts'
import { load, type Load } from './load.ts'
import { Server } from './server.ts'

export interface HostAmounts {
  readonly connections: number
  readonly rounds: number
  readonly warmUpSeconds: number
  readonly seconds: number
}

export interface SideResult {
  readonly requests: number
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly wrong: number
  readonly failed: number
  readonly example: string | undefined
}

export interface JobResult {
  readonly name: string
  readonly title: string
  readonly moduleBytes: number
  readonly pooled: SideResult
  readonly native: SideResult
  /** Pooled requests a second over native ones. */
  readonly throughputRatio: number
  /** Native over pooled. */
  readonly p50Ratio: number
  readonly p99Ratio: number
}

export async function measureHosts(jobs: readonly Job[], amounts: HostAmounts): Promise<JobResult[]> {
  await using pooled = await Server.start('pooled')
  await using native = await Server.start('native')
  const results: JobResult[] = []
  for (const job of jobs) results.push(await measureJob(job, pooled, native, amounts))
  return results
}

async function measureJob(
  job: Job,
  pooled: Server,
  native: Server,
  { connections, rounds, warmUpSeconds, seconds }: HostAmounts,
): Promise<JobResult> {
  const bytes = await job.bytes()
  const loads: Record<InstanceMode, Load[]> = { pooled: [], native: [] }
  for (const server of [pooled, native]) {
    await server.put(job.name, bytes)
    await load(server, job, connections, warmUpSeconds)
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const server of round % 2 === 0 ? [pooled, native] : [native, pooled])
      loads[server.instances].push(await load(server, job, connections, seconds))
  }
  for (const server of [pooled, native]) await server.delete(job.name)
  const sides = { pooled: sideOf(loads.pooled), native: sideOf(loads.native) }
  const result: JobResult = {
    name: job.name,
    title: job.title,
    moduleBytes: bytes.byteLength,
    ...sides,
    throughputRatio: sides.pooled.requestsPerSecond / sides.native.requestsPerSecond,
    p50Ratio: sides.native.p50Ms / sides.pooled.p50Ms,
    p99Ratio: sides.native.p99Ms / sides.pooled.p99Ms,
  }
  progress(
    `${job.title}: pooled ${rounded(sides.pooled.requestsPerSecond)} a second, native ${rounded(sides.native.requestsPerSecond)}: ${rounded(result.throughputRatio)} times`,
  )
  return result
}

function sideOf(loads: readonly Load[]): SideResult {
  const durations = loads.flatMap(({ durationsMs }) => durationsMs).toSorted((a, b) => a - b)
  const elapsed = sum(loads.map(({ elapsedSeconds }) => elapsedSeconds))
  return {
    requests: durations.length,
    requestsPerSecond: durations.length / elapsed,
    p50Ms: durations.length === 0 ? Number.NaN : percentile(durations, 0.5),
    p99Ms: durations.length === 0 ? Number.NaN : percentile(durations, 0.99),
    wrong: sum(loads.map(({ wrong }) => wrong)),
    failed: sum(loads.map(({ failed }) => failed)),
    example: loads.find(({ example }) => example !== undefined)?.example,
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
