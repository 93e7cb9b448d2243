/**
 * What the main thread and a worker say to each other: numbered requests, each answered once. A worker runs one guest at a time, so
 * requests that arrive meanwhile wait in its port.
 */
import type { SharedModule, SlotView } from '@warmslot/engine'
import type { GuestLimits } from '../guest-limits.ts'
import type { ModuleKind } from '../modules/module-kind.ts'
import type { ModuleSettings } from '../modules/module-settings.ts'

/** What a worker starts with. */
export interface WorkerOptions {
  readonly slots: number
  readonly limits: GuestLimits
  /** Of JavaScript's heap, in bytes. */
  readonly heapBytes: number
  readonly instances: InstanceMode
}

/** What a worker's thread starts with. */
export interface WorkerData {
  readonly number: number
  readonly options: WorkerOptions
  /** One number in shared memory: of the request with whose guest the worker has begun last. */
  readonly begun: Int32Array<SharedArrayBuffer>
}

/** `native`: V8's own instances, one for each request: for comparison. */
export type InstanceMode = 'pooled' | 'native'

/** A module on its way to a worker. */
export interface ModuleToLoad {
  readonly uid: string
  readonly name: string
  readonly kind: ModuleKind
  readonly settings: ModuleSettings
  readonly content: SharedModule | WebAssembly.Module
}

/** A WASI command: source: WASI preview 1. */
export interface CommandInput {
  readonly type: 'command'
  /** Without the program's name, which is the module's. */
  readonly arguments: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly stdin: Uint8Array
}

export interface CommandOutput {
  readonly exitCode: number
  readonly stdout: Uint8Array<ArrayBuffer>
  readonly stderr: Uint8Array<ArrayBuffer>
}

/** One argument: a number, a 64-bit integer, or bytes that the guest gets as address and length. */
export type CallArgument = number | bigint | Uint8Array

export interface CallInput {
  readonly type: 'call'
  readonly export: string
  readonly arguments: readonly CallArgument[]
  /** What the results are: values, or address and length of bytes or of UTF-8. */
  readonly result: 'value' | 'string' | 'bytes'
}

export interface CallOutput {
  readonly result: unknown
  readonly stderr: Uint8Array<ArrayBuffer>
}

export type GuestInput = CommandInput | CallInput
export type GuestOutput = CommandOutput | CallOutput

/** What a purge did in one worker. */
export interface WorkerReceipt {
  readonly worker: number
  /** Nothing of the module is left in this worker's slots. */
  readonly complete: boolean
  readonly slotsCleared: number
  readonly mappingsRemoved: number
  readonly bytesRemoved: number
  readonly durationMs: number
  /** The worker ended before it had purged: its memory went with it. */
  readonly ended: boolean
}

/** One slot of a worker, with the UID of the module that its pool has a number for. */
export interface WorkerSlot extends SlotView {
  readonly uid: string | undefined
}

export type Request =
  | { readonly type: 'load'; readonly module: ModuleToLoad }
  /** A module that is loaded. Answered when so many instances of it are ready in slots, or as many as find one. */
  | { readonly type: 'warm'; readonly uid: string; readonly instances: number }
  | { readonly type: 'snapshot'; readonly module: ModuleToLoad }
  | { readonly type: 'run'; readonly uid: string; readonly input: GuestInput }
  | { readonly type: 'purge'; readonly uid: string }
  /** Answered with a `WorkerSlot` for each slot that was ever used. */
  | { readonly type: 'slots'; readonly residentBytes: boolean }
  | { readonly type: 'metrics' }
  /** Has V8 give back what it can of the worker's heap. */
  | { readonly type: 'collect' }
  | { readonly type: 'close' }

export interface NumberedRequest {
  readonly number: number
  readonly request: Request
}

/** An error as it crosses threads. */
export interface ReportedError {
  /** Of its class. */
  readonly name: string
  readonly code: string
  readonly status: number
  readonly message: string
  readonly stderr?: string
}

export type Answer =
  | { readonly number: number; readonly value: unknown }
  | { readonly number: number; readonly error: ReportedError }

/** `number` 0: the worker is ready. */
export const readyNumber = 0
