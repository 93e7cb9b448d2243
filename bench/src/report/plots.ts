/** The pictures, by what stands in their file's name behind the results' name. */
import { distributionPlot } from './distribution-plot.ts'
import { memoryPlot } from './memory-plot.ts'
import type { BenchResults } from './results.ts'

export function plotsOf({
  uses,
  realCalls,
  peers,
  memory,
}: BenchResults): ReadonlyMap<'' | '-real' | '-peers' | '-memory', string> {
  return new Map([
    [
      '',
      distributionPlot(
        'One use: instantiate, call, drop or release',
        uses.map(({ title, native, pooled }) => ({ title, sides: { native, pooled } })),
      ),
    ],
    [
      '-real',
      distributionPlot(
        'One real use of a published module, with its glue',
        realCalls.map(({ title, native, pooled }) => {
          return { title, sides: { native: native.use, pooled: pooled.use } }
        }),
      ),
    ],
    ['-peers', distributionPlot('One use, beside the peers', peers)],
    ['-memory', memoryPlot(memory)],
  ])
}
