/** Whether a serialized module, the engine that is to use it, and the options for it fit together. */
import { InvalidOptionError } from '@warmslot/index-allocator'

import type { HeapLimits } from '../binary/heap-limits.ts'
import { SerializedModuleError } from '../errors/serialized-module-error.ts'
import type { DeserializeOptions } from '../options/deserialize-options.ts'
import { checkHeapUse } from '../runtime/check-heap-limits.ts'
import type { ModuleData } from './module-data.ts'

/** @throws SerializedModuleError, InvalidOptionError where they do not */
export function checkFit(
  { deadlines, isSnapshot, hasHook, analysis }: ModuleData,
  { afterRestore }: DeserializeOptions,
  engine: { readonly deadlines: boolean; readonly heapLimits: HeapLimits },
): void {
  if (deadlines !== engine.deadlines)
    throw new SerializedModuleError(
      `it was compiled ${deadlines ? 'with' : 'without'} checks of deadlines`,
      `Use an engine with option \`deadlines: ${deadlines}\`, or compile it again.`,
    )
  checkHeapUse(analysis.heapUse, engine.heapLimits)
  if (afterRestore && !isSnapshot)
    throw new InvalidOptionError('afterRestore', 'nothing: this module is no snapshot', afterRestore)
  if (hasHook && afterRestore === undefined)
    throw new InvalidOptionError(
      'afterRestore',
      'a function, as the snapshot had one (or null: none, on purpose)',
      afterRestore,
    )
}
