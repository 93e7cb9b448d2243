/**
 * Tells people about objects, by Events. `record` returns at once and never throws: what cannot be written is dropped.
 *
 *     record ──► the same a while ago? ──yes──► counted; the count is written now and then
 *                     └──no──► the object's rate ──► queue ──► written, one after the other, tried again a few times
 *
 * Limits: queue, rate of each object, what is remembered, attempts. `dropped` counts what fell to them.
 */
import { InvalidOptionError } from './errors/invalid-option-error.ts'
import { KubernetesApiError } from './errors/kubernetes-api-error.ts'
import { KubernetesConnectionError } from './errors/kubernetes-connection-error.ts'
import { type EventObject, eventObject, type EventText, type ObjectReference } from './events/event-object.ts'
import {
  type EventRecorderOptions,
  resolveEventRecorderOptions,
  type ResolvedEventRecorderOptions,
} from './events/event-recorder-options.ts'
import { ObjectRate } from './events/object-rate.ts'
import { Remembered } from './events/remembered.ts'
import { events } from './resource.ts'
import { BackOff } from './time/back-off.ts'
import { wait } from './time/clock.ts'
import { microTimestamp } from './time/timestamp.ts'

interface Series {
  readonly key: string
  readonly event: EventObject
  count: number
  lastAtMs: number
  lastDate: Date
  isCreated: boolean
  isQueued: boolean
  lastWriteMs: number
}

const attempts = 4
const backOff = { initialMs: 500, maxMs: 10_000, factor: 2, jitter: 0.5 }

export class EventRecorder implements AsyncDisposable {
  readonly #options: ResolvedEventRecorderOptions
  readonly #series: Remembered<string, Series>
  readonly #rate: ObjectRate
  readonly #queue: Series[] = []
  readonly #stop = new AbortController()
  #isOpen = true
  #writing: Promise<void> | undefined
  #dropped = 0

  /** @throws InvalidOptionError */
  constructor(options: EventRecorderOptions) {
    this.#options = resolveEventRecorderOptions(options)
    this.#series = new Remembered(this.#options.maxRemembered)
    this.#rate = new ObjectRate(this.#options)
  }

  /** How many events were not written: too many, or failed for good. */
  get dropped(): number {
    return this.#dropped
  }

  get queued(): number {
    return this.#queue.length
  }

  record(regarding: ObjectReference, text: EventText): void {
    if (!this.#isOpen) return
    if (!regarding.name || !regarding.kind || !regarding.apiVersion || !text.reason || !text.action) {
      const expected = 'with apiVersion, kind and name of its object, a reason and an action'
      return this.#drop(new InvalidOptionError('event', expected, { regarding, text }))
    }
    const { clock, seriesMs, seriesWriteMs } = this.#options
    const object = regarding.uid ?? JSON.stringify([regarding.kind, regarding.namespace, regarding.name])
    const { type, reason, action, note, related } = text
    const key = JSON.stringify([object, type, reason, action, note, related?.uid ?? related?.name])
    const nowMs = clock.now()
    const known = this.#series.get(key)
    if (known !== undefined && nowMs - known.lastAtMs < seriesMs) {
      known.count += 1
      known.lastAtMs = nowMs
      known.lastDate = clock.date()
      this.#series.set(key, known)
      if (!known.isQueued && nowMs - known.lastWriteMs >= seriesWriteMs) this.#enqueue(known)
      return
    }
    if (!this.#rate.take(object)) return this.#drop()
    const date = clock.date()
    const event = eventObject(regarding, text, this.#options, date)
    const series = {
      key,
      event,
      count: 1,
      lastAtMs: nowMs,
      lastDate: date,
      lastWriteMs: nowMs,
      isCreated: false,
      isQueued: false,
    }
    this.#series.set(key, series)
    this.#enqueue(series)
  }

  /** Takes no more, and waits a short while for what is queued. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOpen = false
    const cancel = this.#options.clock.after(this.#options.flushMs, () => this.#stop.abort())
    await this.#writing
    cancel()
    this.#stop.abort()
  }

  #enqueue(series: Series): void {
    if (this.#queue.length >= this.#options.maxQueued) {
      if (!series.isCreated) this.#series.delete(series.key)
      return this.#drop()
    }
    series.isQueued = true
    this.#queue.push(series)
    this.#writing ??= this.#writeAll()
  }

  async #writeAll(): Promise<void> {
    for (let series = this.#queue.shift(); series !== undefined; series = this.#queue.shift()) {
      series.isQueued = false
      try {
        await this.#write(series)
      } catch (error) {
        this.#series.delete(series.key)
        this.#drop(error)
      }
    }
    // In the same turn in which the queue was found empty: what comes next begins anew.
    this.#writing = undefined
  }

  /** @throws what the last attempt threw */
  async #write(series: Series): Promise<void> {
    const { clock, random } = this.#options
    const { signal } = this.#stop
    const pauses = new BackOff(backOff, random)
    for (;;) {
      try {
        signal.throwIfAborted()
        series.lastWriteMs = clock.now()
        await this.#send(series)
        return
      } catch (error) {
        const isTransient = KubernetesApiError.isInstance(error)
          ? error.isTransient
          : KubernetesConnectionError.isInstance(error)
        if (!isTransient || signal.aborted || pauses.failures >= attempts - 1) throw error
        await wait(clock, pauses.next(), signal)
      }
    }
  }

  async #send(series: Series): Promise<void> {
    const { cluster } = this.#options
    const limits = { signal: this.#stop.signal }
    if (series.isCreated) {
      const patch = { series: { count: series.count, lastObservedTime: microTimestamp(series.lastDate) } }
      await cluster.mergePatch(events, series.event.metadata, patch, limits)
      return
    }
    try {
      await cluster.create(events, series.event, limits)
    } catch (error) {
      // An attempt before has arrived after all: the name is random.
      if (!KubernetesApiError.isInstance(error) || !error.isConflict) throw error
    }
    series.isCreated = true
  }

  #drop(error?: unknown): void {
    this.#dropped += 1
    if (error === undefined) return
    try {
      this.#options.onError?.(error)
    } catch {
      // Who listens must not stop it.
    }
  }
}
