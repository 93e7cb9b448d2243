/**
 * A snapshot: a module anew, with the state that an instance had after its initialisation as its baseline (Wizer does this to
 * files).
 *
 *   original bytes ──state-module──► compiled, an instance made, initialised ──capture-state──► state, bytes of the memories
 *         └──────────snapshot-module (with the state)──► compiled; the images hold the memories' bytes
 */
import type { AnalysisOptions } from '../binary/analyse-module.ts'
import { parseModule } from '../binary/parse-module.ts'
import { scanCode } from '../binary/scan-code.ts'
import { snapshotModule } from '../binary/snapshot-module.ts'
import type { ImageSegment } from '../binary/image-segments.ts'
import { pageBytes } from '../binary/sort-segments.ts'
import { stateModule } from '../binary/state-module.ts'
import { InstanceBusyError } from '../errors/instance-busy-error.ts'
import { PooledInstance } from '../pooled-instance.ts'
import { refuseState, StateReader } from './capture-state.ts'
import type { Compilation, CompiledModule } from '../runtime/compiled-module.ts'
import { compileModule, inSlices } from '../runtime/compiled-module.ts'
import type { ModuleLimits } from '../runtime/module-limits.ts'

/** Runs an instance of a module that is registered for this alone, and gone afterwards. */
export type WithInstance = <T>(
  compilation: Compilation,
  work: (instance: PooledInstance) => Promise<T>,
) => Promise<T>

export interface SnapshotPlan {
  readonly label: string
  readonly limits: ModuleLimits
  readonly options: AnalysisOptions
  readonly initialise: (instance: PooledInstance) => unknown
}

/**
 * @throws SnapshotError; InstanceBusyError where the initialisation has left something running; and what making the instance
 * and the initialisation throw
 */
export async function takeSnapshot(
  module: CompiledModule,
  { label, limits, options, initialise }: SnapshotPlan,
  withInstance: WithInstance,
): Promise<Compilation> {
  const structure = await inSlices(parseModule(module.source))
  const scan = await inSlices(scanCode(structure, options))
  refuseState(structure, scan)
  const hidden = stateModule(structure)
  const { ownExports } = hidden
  const compilation = await compileModule(hidden.bytes, label, limits, { ...options, ownExports })
  const { state, memories } = await withInstance(compilation, async (instance) => {
    await initialise(instance)
    const core = PooledInstance.coreOf(instance)
    const { gate } = core
    gate.pass('instance')
    if (gate.running + gate.suspended + gate.holds > 0) throw new InstanceBusyError(gate.running === 0)
    const bytes = core.memoryContents()
    const reader = new StateReader(structure, scan, hidden, core, core.exchange.imports)
    return { state: reader.read(bytes.map(({ length }) => length / pageBytes)), memories: bytes }
  })
  const { module: compiled } = await compileModule(snapshotModule(structure, state), label, limits, options)
  const imageSegments = memories.map((bytes, memory): ImageSegment => ({ memory, offset: 0, bytes }))
  return { module: compiled, imageSegments }
}
