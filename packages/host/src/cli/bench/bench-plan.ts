/** What the thread of `bench` is given, and what it answers. With `--json`, the report is what is printed. */
import type { ModuleKind } from '../../modules/module-kind.ts'
import type { GuestLimits } from '../../guest-limits.ts'
import type { GuestInput } from '../../workers/protocol.ts'
import type { Distribution } from './statistics.ts'

export interface BenchPlan {
  readonly name: string
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly seconds: number
  readonly timeLimitMs: number
  readonly limits: GuestLimits
  /** Undefined: what a module of its kind does by itself, so a command without arguments. */
  readonly input: GuestInput | undefined
  /** Two numbers that both threads see: whether a use is running, and how many have been made. */
  readonly beat: Int32Array
}

export interface Comparison {
  /** In microseconds. */
  readonly native: Distribution
  readonly pooled: Distribution
  /** Native over pooled: how many times as fast pooled is. */
  readonly ratio: { readonly p50: number; readonly p99: number; readonly mean: number }
}

export interface BenchOutput {
  /** Whether all uses of both sides had the same exit code, outputs and errors as the first, native one. */
  readonly same: boolean
  /** Whether two native uses had the same: a program that prints the time has not. */
  readonly repeatable: boolean
  readonly uses: number
  readonly differing: number
  /** Of the first native use, in words. */
  readonly native: string
  /** Of the first pooled use that differs. */
  readonly pooled?: string
}

export interface BenchReport {
  readonly name: string
  readonly kind: ModuleKind
  readonly seconds: number
  readonly output: BenchOutput
  /** The whole: an instance, WASI, the run or the call, giving it back. */
  readonly use: Comparison
  /** An instance made and given back alone. */
  readonly instance: Comparison
  /** How the engine made the pooled ones. */
  readonly instances: { readonly warm: number; readonly fresh: number; readonly freshReason?: string }
  readonly memory: {
    /** Of the whole process: resident, after all uses; native instances are in it until they are collected. */
    readonly processBytes: number
    /** Private memory of the pool's slots, after all uses. */
    readonly slotsBytes: number
    readonly imageBytes: number
  }
  readonly compileMs: number
  readonly runtime: { readonly node: string; readonly v8: string }
}

export type BenchMessage =
  | { readonly type: 'progress'; readonly text: string }
  | { readonly type: 'report'; readonly report: BenchReport }
  | { readonly type: 'failure'; readonly message: string; readonly usage: boolean }

/** Indices into `beat`. */
export const beatIndex = { running: 0, uses: 1 } as const
