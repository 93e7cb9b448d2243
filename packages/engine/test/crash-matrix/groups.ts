/** The groups of the crash matrix, by name. */
import type { Group } from './case.ts'
import { hostViews } from './cases/host-views.ts'
import { lifeCycle } from './cases/life-cycle.ts'
import { memoryInstructions, someMemoryInstructions } from './cases/memory-instructions.ts'
import { nativeConsumers } from './cases/native-consumers.ts'
import { processEnd } from './cases/process-end.ts'
import { runnersOwn } from './cases/runners-own.ts'

export const groups: Readonly<Record<string, Group>> = {
  instructions: { title: 'Memory instructions, from baseline to optimised code', cases: memoryInstructions },
  optimised: {
    title: 'Memory instructions, optimised code from the start',
    node: ['--no-liftoff'],
    cases: someMemoryInstructions,
  },
  views: { title: 'Views of the host', cases: hostViews },
  consumers: { title: 'Native code that is given a view', cases: nativeConsumers },
  life: { title: 'Life cycle', cases: lifeCycle },
  end: { title: 'The end of a thread or of the process', cases: processEnd },
  runner: { title: "The runner's own: each must be seen as a failure", silenceMs: 5_000, cases: runnersOwn },
}
