/**
 * WASI preview 1 for one request, in JavaScript, over whatever memory its guest has: @bjorn3/browser_wasi_shim, with what this host
 * does otherwise:
 * - arguments are counted in bytes, as the guest gets them
 * - a sleeping guest sleeps, and no longer than its time limit (the shim spins, and nothing could stop it)
 * - a program that ends itself costs no stack trace
 * - what makes objects on JavaScript's heap has limits: see `bounded-calls.ts`
 * - sockets and signals answer that they are not supported
 *
 * Clocks and random numbers are the host's at every call, so they are fresh in each request, after a snapshot too.
 */
import { DeadlineExceededError } from '@warmslot/engine'
import { WASI, wasi } from '@bjorn3/browser_wasi_shim'
import { refusal } from './bounded-calls.ts'
import { GuestExit } from './guest-exit.ts'
import { CollectedOutput, EmptyRoot, standardInput } from './guest-streams.ts'

type WasiFunction = (...values: number[]) => unknown

/** Anything with a `buffer`: a pooled memory, or V8's own. */
export interface GuestMemory {
  readonly buffer: ArrayBuffer
}

export interface WasiInput {
  /** With the program's name first. */
  readonly arguments: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly stdin: Uint8Array
  /** Of standard output, and of standard error, in bytes. */
  readonly outputBytes: number
  /** In milliseconds of `performance.now()`. */
  readonly deadline: number
}

export class GuestWasi {
  readonly stdout: CollectedOutput
  readonly stderr: CollectedOutput
  readonly #shim: WASI
  readonly #functions: Readonly<Record<string, WasiFunction>>
  readonly #exports: { memory: GuestMemory | undefined } = { memory: undefined }

  constructor(input: WasiInput) {
    this.stdout = new CollectedOutput(input.outputBytes)
    this.stderr = new CollectedOutput(input.outputBytes)
    const environment = Object.entries(input.environment).map(([name, value]) => `${name}=${value}`)
    const files = [standardInput(input.stdin), this.stdout, this.stderr, new EmptyRoot()]
    const shim = new WASI([...input.arguments], environment, files, { debug: false })
    shim.inst = { exports: this.#exports } as unknown as typeof shim.inst
    this.#shim = shim
    this.#functions = {
      ...(shim.wasiImport as Record<string, WasiFunction>),
      args_sizes_get: (count: number, bytes: number): number => this.#sizes(count, bytes, input.arguments),
      poll_oneoff: (subscriptions: number, events: number, count: number, written: number): number =>
        this.#poll(subscriptions, events, count, written, input.deadline),
      proc_exit: exit,
      proc_raise: notSupported,
      sock_accept: notSupported,
      sock_recv: notSupported,
      sock_send: notSupported,
      sock_shutdown: notSupported,
    }
  }

  /** Before the guest runs. */
  attach(memory: GuestMemory | undefined): void {
    this.#exports.memory = memory
  }

  /** Calls the import of this name; one that this WASI does not have says so to the guest. */
  call(name: string, values: readonly number[]): unknown {
    const refused = refusal(name, values, this.#shim.fds.length)
    return refused ?? (this.#functions[name] ?? notSupported)(...values)
  }

  /** Whether it does more than say that it does not have it. */
  supports(name: string): boolean {
    return (this.#functions[name] ?? notSupported) !== notSupported
  }

  get #view(): DataView {
    if (this.#exports.memory === undefined)
      throw new TypeError('this module has no memory for WASI to write to')
    return new DataView(this.#exports.memory.buffer)
  }

  #sizes(count: number, bytes: number, values: readonly string[]): number {
    const view = this.#view
    view.setUint32(count, values.length, true)
    view.setUint32(
      bytes,
      values.reduce((sum, value) => sum + Buffer.byteLength(value) + 1, 0),
      true,
    )
    return wasi.ERRNO_SUCCESS
  }

  /** One clock. Waits in the kernel. */
  #poll(subscriptions: number, events: number, count: number, written: number, deadline: number): number {
    if (count !== 1) return count === 0 ? wasi.ERRNO_INVAL : wasi.ERRNO_NOTSUP
    const { eventtype, clockid, timeout, flags, userdata } = wasi.Subscription.read_bytes(
      this.#view,
      subscriptions,
    )
    if (eventtype !== wasi.EVENTTYPE_CLOCK) return wasi.ERRNO_NOTSUP
    const nowMs = clockid === wasi.CLOCKID_REALTIME ? Date.now() : performance.now()
    const absolute = (flags & wasi.SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME) !== 0
    const wantedMs = Number(timeout) / 1e6 - (absolute ? nowMs : 0)
    sleep(Math.min(wantedMs, deadline - performance.now() + 1))
    // The watchdog may be late, and the guest would end as if nothing were.
    if (performance.now() >= deadline) throw new DeadlineExceededError()
    const view = this.#view
    new wasi.Event(userdata, wasi.ERRNO_SUCCESS, eventtype).write_bytes(view, events)
    view.setUint32(written, 1, true)
    return wasi.ERRNO_SUCCESS
  }
}

function exit(code: number): never {
  throw new GuestExit(code)
}

function notSupported(): number {
  return wasi.ERRNO_NOTSUP
}

const nobody = new Int32Array(new SharedArrayBuffer(4))

function sleep(durationMs: number): void {
  if (durationMs > 0) Atomics.wait(nobody, 0, 0, durationMs)
}
