/** Uses in this thread: in the pool, and natively. */
import { Engine } from '@warmslot/engine'

import { collectGarbage } from '../collect-garbage.ts'
import type { GuestWork } from '../guests/guest-works.ts'
import { callExport } from '../uses/use-case.ts'
import { disturbanceBefore, type ThisThreadsSide, untimedUses } from './side.ts'

const untimedNativeUses = 10
/** How long the pool works before the first round, in milliseconds: V8 compiles its code once more after a while. */
const warmUpMs = 300

/** Durations of `count` uses, in milliseconds, without those that disturb. */
export function timeUses(
  work: GuestWork,
  use: (argument: number) => unknown,
  count: number,
): Float64Array<ArrayBuffer> {
  const durations = new Float64Array(count)
  for (let index = 0; index < count; index += 1) {
    const disturbing = disturbanceBefore(work, index)
    if (disturbing !== undefined) use(disturbing)
    const before = performance.now()
    use(work.argument)
    durations[index] = performance.now() - before
  }
  return durations
}

/** @param keepResidentBytes the engine's option; undefined for its default */
export async function pooledSide(
  work: GuestWork,
  keepResidentBytes: number | undefined,
  stack: AsyncDisposableStack,
): Promise<ThisThreadsSide> {
  const engine = stack.use(
    new Engine({
      slots: 4,
      maxMemoryBytes: 16 * 2 ** 20,
      ...(keepResidentBytes !== undefined && { keepResidentBytes }),
    }),
  )
  const module = await engine.compile(work.guest)
  const imports = {}
  const use = (argument: number): void => {
    const instance = engine.instantiate(module, imports)
    callExport(instance.exports, 'run', argument)
    instance.release()
  }
  for (const until = performance.now() + warmUpMs; performance.now() < until;) use(work.argument)
  return {
    share: 1,
    round(uses, begin) {
      timeUses(work, use, untimedUses(uses))
      begin?.()
      return timeUses(work, use, uses)
    },
  }
}

/** Garbage of its own is collected within its rounds, and what remains behind them: the other sides shall not pay for it. */
export async function nativeSide(work: GuestWork): Promise<ThisThreadsSide> {
  const module = await WebAssembly.compile(work.guest)
  const use = (argument: number): number =>
    callExport(new WebAssembly.Instance(module).exports, 'run', argument)
  return {
    share: 1 / 10,
    round(uses, begin) {
      timeUses(work, use, Math.min(uses, untimedNativeUses))
      begin?.()
      const durations = timeUses(work, use, uses)
      collectGarbage()
      return durations
    },
  }
}
