/**
 * A worker thread that makes uses when it is told to, in an engine of its own or natively. It is given its `ThreadTask`, says
 * 'ready', gets a number of uses for each round, answers with their durations, and ends when it gets 0.
 */
// oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin
import { parentPort, workerData } from 'node:worker_threads'

import { guestWorks } from '../guests/guest-works.ts'
import { nativeSide, pooledSide } from '../peers/in-process.ts'
import { StartLine } from './start-line.ts'

export interface ThreadTask {
  readonly side: 'pooled' | 'native'
  /** Name of the guest's work. */
  readonly work: string
  readonly threads: number
  readonly startLine: SharedArrayBuffer
}

const { side: name, work: workName, threads, startLine } = workerData as ThreadTask
const work = guestWorks.find((one) => one.name === workName)!
const line = new StartLine(startLine, threads)
const stack = new AsyncDisposableStack()
const side = name === 'pooled' ? await pooledSide(work, undefined, stack) : await nativeSide(work)

parentPort!.on('message', (uses: number) => {
  if (uses === 0) {
    void stack.disposeAsync().finally(() => parentPort!.close())
    return
  }
  parentPort!.postMessage(side.round(uses, () => line.meet()))
})
parentPort!.postMessage('ready')
