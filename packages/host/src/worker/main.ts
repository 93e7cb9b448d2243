/** The script of a worker thread: answers the main thread's requests in their order. */
import { parentPort, workerData } from 'node:worker_threads'
import { HostError } from '../errors/host-error.ts'
import { collectGarbage } from '../garbage/collect-garbage.ts'
import {
  type Answer,
  type GuestOutput,
  type NumberedRequest,
  readyNumber,
  type ReportedError,
  type Request,
  type WorkerData,
} from '../workers/protocol.ts'
import { GuestRunner } from './guest-runner.ts'

const port = parentPort
if (port === null) throw new TypeError('This is the script of a worker thread of @warmslot/host.')
const { number: workerNumber, options, begun } = workerData as WorkerData
const runner = new GuestRunner(workerNumber, options)

async function answer(number: number, request: Request): Promise<unknown> {
  const begin = (): void => void Atomics.store(begun, 0, number | 0)
  switch (request.type) {
    case 'load':
      return runner.load(request.module, begin)
    case 'warm':
      return runner.warm(request.uid, request.instances, begin)
    case 'snapshot':
      return runner.snapshot(request.module, begin)
    case 'run':
      return runner.run(request.uid, request.input, begin)
    case 'purge':
      return runner.purge(request.uid)
    case 'slots':
      return runner.slots(request.residentBytes)
    case 'metrics':
      return runner.engine.metrics()
    case 'collect':
      return collectGarbage()
    case 'close':
      await runner[Symbol.asyncDispose]()
      port?.close()
      return undefined
  }
}

function reported(error: unknown): ReportedError {
  if (HostError.isInstance(error)) {
    const { name, code, status, message } = error
    return 'stderr' in error
      ? { name, code, status, message, stderr: String(error.stderr) }
      : { name, code, status, message }
  }
  const code = (error as { code?: unknown } | undefined)?.code
  // No slot is free although one guest runs at a time: the kernel has refused too often.
  const status = code === 'WARMSLOT_POOL_EXHAUSTED' ? 503 : 500
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) }
  return { name, code: typeof code === 'string' ? code : 'WARMSLOT_INTERNAL', status, message }
}

/** What a guest wrote goes to the main thread without a copy. */
function transferables(value: unknown): ArrayBuffer[] {
  const { stdout, stderr, result } = (value ?? {}) as Partial<GuestOutput> & Record<string, unknown>
  return [stdout, stderr, result].flatMap((one) =>
    one instanceof Uint8Array && one.byteLength > 0 ? [one.buffer as ArrayBuffer] : [],
  )
}

port.on('message', ({ number, request }: NumberedRequest) => {
  answer(number, request).then(
    (value) => port.postMessage({ number, value } satisfies Answer, transferables(value)),
    (error: unknown) => port.postMessage({ number, error: reported(error) } satisfies Answer),
  )
})
port.postMessage({ number: readyNumber, value: undefined } satisfies Answer)
