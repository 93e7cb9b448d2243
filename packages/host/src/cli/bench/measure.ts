/** The measurement itself: checks that both sides do the same, warms up, and measures by turns. */
import type { GuestInput } from '../../workers/protocol.ts'
import type { LoadedModule } from '../../worker/loaded-module.ts'
import { UsageError } from '../usage-error.ts'
import type { BenchPlan, BenchReport } from './bench-plan.ts'
import { measureByTurns, type TimedUse } from './by-turns.ts'
import { type LoadedSides, loadSides } from './loaded-sides.ts'
import { OutcomeChecker } from './outcome-checker.ts'

/** Shares of the time: V8's optimising compiler comes in while it warms up. */
const shares = { warmUp: 0.15, use: 0.55, instance: 0.3 } as const

export async function measure(plan: BenchPlan, progress: (text: string) => void): Promise<BenchReport> {
  const sides = await loadSides(plan)
  progress(`compiled in ${sides.compileMs.toFixed(0)} ms`)
  const { kind } = sides.pooled.plan
  const input = inputFor(kind, plan.input)
  const checker = new OutcomeChecker(sides, input, plan.beat)
  const totalMs = plan.seconds * 1000
  const uses = { native: checker.timed('native'), pooled: checker.timed('pooled') }
  progress('warms up, and measures whole uses, natively and pooled by turns')
  measureByTurns(uses, totalMs * shares.warmUp)
  const use = measureByTurns(uses, totalMs * shares.use)
  progress('measures instances alone')
  const alone = { native: timedInstance(sides.native), pooled: timedInstance(sides.pooled) }
  const instance = measureByTurns(alone, totalMs * shares.instance)
  const report = { name: plan.name, kind, seconds: plan.seconds, output: checker.output, use, instance }
  const rest = { ...engineNumbers(sides), compileMs: sides.compileMs, runtime: runtime() }
  await sides.engine.close()
  return { ...report, ...rest }
}

function inputFor(kind: string, input: GuestInput | undefined): GuestInput {
  if (kind === 'command') {
    if (input?.type === 'call')
      throw new UsageError('this module is a command: give its arguments behind "--", without --export')
    return input ?? { type: 'command', arguments: [], environment: {}, stdin: new Uint8Array() }
  }
  if (input?.type === 'call') return input
  throw new UsageError('this module is a library: say which function to call with --export')
}

function timedInstance(module: LoadedModule): TimedUse {
  const wasi = module.wasi()
  return () => {
    const start = performance.now()
    try {
      module.use(wasi, () => undefined)
    } catch {
      // A start function that traps: the outcome of whole uses says so.
    }
    return performance.now() - start
  }
}

function engineNumbers({ engine, module }: LoadedSides): Pick<BenchReport, 'instances' | 'memory'> {
  const { instances, pool } = engine.metrics({ residentBytes: true })
  const { freshReason } = module
  const sum = (name: 'imageBytes' | 'residentBytes'): number =>
    pool.modules.reduce((bytes, one) => bytes + (one[name] ?? 0), 0)
  return {
    instances: {
      warm: instances.warm,
      fresh: instances.fresh,
      ...(freshReason !== undefined && { freshReason }),
    },
    memory: {
      processBytes: process.memoryUsage.rss(),
      slotsBytes: sum('residentBytes'),
      imageBytes: sum('imageBytes'),
    },
  }
}

function runtime(): BenchReport['runtime'] {
  return { node: process.versions.node, v8: process.versions.v8 }
}
