/** Puts a server under load for a while, and checks every answer. */
import autocannon from 'autocannon'
import type { Job, JobRequest } from './jobs.ts'
import type { Server } from './server.ts'

export interface Load {
  /** Of answers that were right, in milliseconds. */
  readonly durationsMs: readonly number[]
  readonly elapsedSeconds: number
  /** Answers that were not what this request's must be, with an example. */
  readonly wrong: number
  readonly example: string | undefined
  /** Connections that failed, and requests without an answer. */
  readonly failed: number
}

interface Context {
  expected?: JobRequest
  sentAt?: number
}

/** Another one for each request of this process. Two in a row differ in all their digits. */
let lastNumber = 1_000

function nextNumber(): number {
  lastNumber += 1_111
  return lastNumber
}

export async function load(server: Server, job: Job, connections: number, seconds: number): Promise<Load> {
  const durationsMs: number[] = []
  let wrong = 0
  let example: string | undefined
  const { pathname } = new URL(server.runUrl(job.name))
  const request: autocannon.Request = {
    method: 'POST',
    setupRequest(sent, context: Context) {
      context.expected = job.request(nextNumber())
      context.sentAt = performance.now()
      const query = new URLSearchParams(context.expected.arguments.map((value) => ['arg', value]))
      return { ...sent, path: `${pathname}?${query}`, body: context.expected.stdin }
    },
    onResponse(status, body, context: Context, headers) {
      const { expected, sentAt } = context
      const difference = differs(expected!, status, body, (headers ?? {}) as Record<string, string>)
      if (difference === undefined) durationsMs.push(performance.now() - sentAt!)
      else {
        wrong += 1
        example ??= difference
      }
    },
  }
  const result = await autocannon({
    url: server.runUrl(job.name),
    connections,
    duration: seconds,
    timeout: 60,
    requests: [request],
  })
  const { errors, timeouts, duration } = result
  return { durationsMs, elapsedSeconds: duration, wrong, example, failed: errors + timeouts }
}

/** What is wrong with an answer; undefined: nothing. */
function differs(
  expected: JobRequest,
  status: number,
  stdout: string,
  headers: Readonly<Record<string, string>>,
): string | undefined {
  const exitCode = Number(headers['warmslot-exit-code'])
  const stderr = decodeURIComponent(headers['warmslot-stderr'] ?? '')
  const right =
    status === 200 &&
    stdout === expected.stdout &&
    exitCode === expected.exitCode &&
    (expected.stderr === '' ? stderr === '' : stderr.startsWith(expected.stderr))
  return right
    ? undefined
    : JSON.stringify({ expected, status, stdout: stdout.slice(0, 1_000), exitCode, stderr })
}
