/**
 * The oracles. What V8 rejects the engine rejects, in V8's words; what V8 accepts the engine pools, or refuses naming what
 * it uses; and what is pooled runs as on plain V8.
 *
 * Most binaries are judged as far as the rewritten one compiles, without an engine: `quick`. Making slots and running the
 * calls takes a hundred times as long.
 */
import { analyseModule } from '../src/binary/analyse-module.ts'
import { v8HeapLimits } from '../src/binary/heap-limits.ts'
import type { PooledModule } from '../src/index.ts'
import { Engine, UnsupportedModuleError } from '../src/index.ts'
import { checkRuntime } from '../src/runtime/check-runtime.ts'
import { explained, refuse } from '../src/runtime/compiled-module.ts'
import { compareRuns } from './compare-runs.ts'
import type { Finding } from './finding.ts'
import { slotPages, withoutNumbers } from './finding.ts'
import { mixesExceptions } from './mixed-exceptions.ts'
import type { Random } from './random.ts'
import type { Bytes } from './sections.ts'

export interface Judgement {
  readonly outcome: 'invalid' | 'refused' | 'pooled' | 'run'
  /** What V8 or the engine said, without its numbers: new ones are worth keeping a binary for. */
  readonly said: string
  readonly finding?: Finding
}

/** The refusals that name a feature. "Could not be rewritten" is a defect. */
const named = [
  /^memory \d+ is shared$/,
  /^memory \d+ is a memory64, and /,
  /^memory \d+ has custom pages$/,
  /^memory \d+ starts with \d+ bytes, and a slot holds \d+$/,
  /^it has \d+ memories, and the engine \d+ slots$/,
  /^it holds opcode .* proposal$/,
  /^it imports from module "\\u0000warmslot"$/,
  /^a constant expression makes an array whose length is no plain constant$/,
]

export const slots = 6
const limits = { slots, maxMemoryBytes: slotPages * 65_536 }
const moduleLimits = { ...limits, ...checkRuntime(), ownMaxMemoryBytes: undefined }

/** So that tables and arrays are rewritten, and yet nothing is seen of it. */
const heapLimits = { maxTables: 100_000, maxTableElements: 9_999_999, maxArrayBytes: 2 ** 30 }

export class Judge {
  readonly #plain = new Engine(limits)
  readonly #withDeadlines = new Engine({ ...limits, deadlines: true, ...heapLimits })
  readonly counts: Record<Judgement['outcome'], number> = { invalid: 0, refused: 0, pooled: 0, run: 0 }

  /** Compiles on both, as the engine does it but at once and in one thread. */
  quick(bytes: Bytes): Judgement {
    const native = attempt(() => new WebAssembly.Module(bytes))
    const pooled = attempt(() => rewrittenModule(bytes))
    return this.#count(compare(native, pooled))
  }

  /**
   * Compiles on both through the engine's own door, and runs the calls.
   * @param bytes those that mix old and new exception handling are not compiled on background threads, which can end the process
   * @param random decides the arguments of calls; the same seed makes the same calls
   */
  async full(bytes: Bytes, random: Random): Promise<Judgement> {
    if (mixesExceptions(bytes)) return this.quick(bytes)
    const engine = withDeadlines(bytes) || mayTailCall(bytes) ? this.#withDeadlines : this.#plain
    const native = await settle(WebAssembly.compile(bytes))
    const pooled = await settle(engine.compile(bytes))
    if ('error' in native || 'error' in pooled) return this.#count(compare(native, pooled))
    try {
      const { outcome, finding } = compareRuns(
        engine,
        native.value,
        pooled.value,
        bytes,
        random,
        engine === this.#withDeadlines,
      )
      const said = `${pooled.value.freshReason} ${outcome}`
      return this.#count({
        outcome: outcome === undefined ? 'pooled' : 'run',
        said,
        ...(finding && { finding }),
      })
    } finally {
      await pooled.value.dispose()
    }
  }

  #count(judgement: Judgement): Judgement {
    this.counts[judgement.outcome]++
    return judgement
  }

  async close(): Promise<void> {
    await this.#plain.close()
    await this.#withDeadlines.close()
  }
}

/** Whether the bytes hold the opcode of a `return_call`, or something that looks like it: V8 cannot stop it. */
function mayTailCall(bytes: Bytes): boolean {
  return [0x12, 0x13, 0x15].some((opcode) => bytes.includes(opcode))
}

/** Half of all binaries are compiled with checks of deadlines, and with limits of tables and arrays: always the same ones, so that they can be replayed. */
function withDeadlines(bytes: Bytes): boolean {
  return bytes.length % 2 === 1
}

/** The engine's steps up to the rewritten module, with its errors, save that V8's are those of the original. */
function rewrittenModule(bytes: Bytes): WebAssembly.Module {
  try {
    const steps = analyseModule(bytes, (structure) => refuse(structure, moduleLimits, heapLimits), {
      sharedTables: false,
      deadlines: withDeadlines(bytes),
      heapLimits: withDeadlines(bytes) ? heapLimits : v8HeapLimits,
    })
    for (;;) {
      const step = steps.next()
      if (!step.done) continue
      // A binary that the analysis takes is still refused where V8 refuses it.
      assertValid(bytes)
      return new WebAssembly.Module(step.value.rewritten)
    }
  } catch (error) {
    assertValid(bytes)
    throw explained(error)
  }
}

function assertValid(bytes: Bytes): WebAssembly.Module {
  return new WebAssembly.Module(bytes)
}

type Settled<T> = { readonly value: T } | { readonly error: unknown }

async function settle<T>(promise: Promise<T>): Promise<Settled<T>> {
  try {
    return { value: await promise }
  } catch (error) {
    return { error }
  }
}

function attempt<T>(run: () => T): Settled<T> {
  try {
    return { value: run() }
  } catch (error) {
    return { error }
  }
}

function compare(
  native: Settled<WebAssembly.Module>,
  pooled: Settled<PooledModule | WebAssembly.Module>,
): Judgement {
  if ('error' in native) return rejected(native.error, pooled)
  return 'error' in pooled ? refused(pooled.error) : { outcome: 'pooled', said: 'pooled' }
}

function rejected(expected: unknown, actual: Settled<unknown>): Judgement {
  const said = withoutNumbers(String(expected))
  // The types and names behind the first words are too many to keep a binary for each.
  const judgement = { outcome: 'invalid', said: said.replace(/^.*? failed: /, '').slice(0, 36) } as const
  if (depends(expected)) return judgement
  if ('value' in actual) {
    return { ...judgement, finding: { kind: `accepted: ${said}`, details: String(expected) } }
  }
  if (depends(actual.error)) return judgement
  const sameWords = (expected as Error).message === (actual.error as Error).message
  if (actual.error instanceof WebAssembly.CompileError && sameWords) return judgement
  const details = `V8: ${String(expected)}\nengine: ${String(actual.error)}`
  return { ...judgement, finding: { kind: `other error: ${withoutNumbers(String(actual.error))}`, details } }
}

/**
 * Whether V8, or the engine in V8's words, says this only if one of V8's threads was the first to see one of two things:
 * whether a module that mixes old and new exception handling is refused, which of its functions is blamed, and whether
 * that is said before another error, is different each time.
 */
function depends(error: unknown): boolean {
  return String(error).includes('mix of legacy and new exception handling')
}

function refused(error: unknown): Judgement {
  const said = withoutNumbers(String(error))
  const judgement = { outcome: 'refused', said } as const
  if (depends(error)) return judgement
  const { feature } = error as { feature?: unknown }
  if (UnsupportedModuleError.isInstance(error) && named.some((name) => name.test(String(feature))))
    return judgement
  return { ...judgement, finding: { kind: `refused: ${said}`, details: String(error) } }
}
