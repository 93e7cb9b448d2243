/** Real uses of real modules, with their glue. */
import { markdownTable, rounded } from './format.ts'
import type { BenchResults } from './results.ts'

function realCallsTable({ realCalls }: BenchResults): string {
  return markdownTable(
    [
      'one real use, ms',
      'native p50',
      'p99',
      'mean',
      'of it the instance',
      'pooled p50',
      'p99',
      'mean',
      'of it the instance',
      'p50 faster by',
      'p99 faster by',
      'mean faster by',
    ],
    realCalls.map(({ title, native, pooled, ratio }) =>
      [title].concat(
        [native, pooled].flatMap(({ use, instance }) => {
          return [use.p50, use.p99, use.mean, instance.mean].map((figure) => rounded(figure / 1000))
        }),
        [ratio.p50, ratio.p99, ratio.mean].map((factor) => `${rounded(factor)}×`),
      ),
    ),
  )
}

/** @param picture the way to it */
export function realCallsSection(results: BenchResults, picture: string): string {
  const uses = results.realCalls[0]?.native.use.uses ?? 0
  return `![Real uses of published modules: p50, mean and p99 on a logarithmic axis](${picture})

${realCallsTable(results)}

The same published modules with their published glue doing real work, ${uses} uses a side by turns: the whole use, and the mean of what making and releasing the
instance takes of it. The glue makes its objects anew for each use, so the pool makes a fresh instance on its slot. The
rest is the module's own work and the glue's.`
}
