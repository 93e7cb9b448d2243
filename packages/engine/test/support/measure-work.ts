/**
 * Run by itself: prints, for each family of hostile modules and three sizes, how often blocks of the analyser ran, by V8's
 * own coverage counts (the same on every machine), and the processor's time.
 */
import { Session } from 'node:inspector'

import type { families as Families } from './hostile-modules.ts'

const session = new Session()
session.connect()
session.post('Profiler.enable')
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })

const { analyseModule } = await import('../../src/binary/analyse-module.ts')
const { v8HeapLimits } = await import('../../src/binary/heap-limits.ts')
const { families }: { families: typeof Families } = await import('./hostile-modules.ts')

function analyse(bytes: Uint8Array): void {
  try {
    const steps = analyseModule(bytes, () => undefined, {
      sharedTables: false,
      deadlines: false,
      heapLimits: v8HeapLimits,
    })
    while (!steps.next().done);
  } catch {
    // Some are malformed in the end; the work until then counts.
  }
}

/** How often all blocks of the analyser ran since the last call. */
function takeSteps(): number {
  let steps = 0
  session.post('Profiler.takePreciseCoverage', (_error, { result }) => {
    for (const { url, functions } of result) {
      if (!url.includes('/src/binary/')) continue
      for (const { ranges } of functions) for (const { count } of ranges) steps += count
    }
  })
  return steps
}

const smallest = Number(process.argv[2])
const measured = Object.entries(families).map(([name, family]) => {
  const sizes = [smallest, smallest * 2, smallest * 8].map((n) => {
    const bytes = family(n)
    takeSteps()
    const before = process.cpuUsage()
    analyse(bytes)
    const { user, system } = process.cpuUsage(before)
    return { bytes: bytes.length, steps: takeSteps(), ms: (user + system) / 1000 }
  })
  return { name, sizes }
})
console.log(JSON.stringify(measured))
