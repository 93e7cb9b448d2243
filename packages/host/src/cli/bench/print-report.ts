/** A report for people. */
import type { BenchReport, Comparison } from './bench-plan.ts'
import type { Distribution } from './statistics.ts'

const columns = 12
const label = 34

export function printReport(report: BenchReport): string {
  const { name, kind, use, instance, instances, memory, compileMs, runtime } = report
  const lines = [
    `${name}, a ${kind}, natively and pooled by turns; Node.js ${runtime.node}, V8 ${runtime.v8}`,
    '',
    head('microseconds', 'p50', 'p99', 'mean', 'uses'),
    ...comparison('one use', use),
    ...comparison('an instance, made and given back', instance),
    '',
    ...outputLines(report),
    `instances  ${amount(instances.warm)} warm, ${amount(instances.fresh)} fresh${reasonText(report)}`,
    `memory     process ${mebibytes(memory.processBytes)}, slots ${mebibytes(memory.slotsBytes)}, image ${mebibytes(memory.imageBytes)}`,
    `compiled   in ${compileMs.toFixed(1)} ms, analysis and image included`,
  ]
  return `${lines.join('\n')}\n`
}

function comparison(what: string, { native, pooled, ratio }: Comparison): string[] {
  const { p50, p99, mean } = ratio
  return [
    what,
    row('  native', native),
    row('  pooled', pooled),
    head('  native over pooled', times(p50), times(p99), times(mean)),
  ]
}

function row(what: string, { p50, p99, mean, uses }: Distribution): string {
  return head(what, figures(p50), figures(p99), figures(mean), amount(uses))
}

function head(what: string, ...cells: readonly string[]): string {
  return what.padEnd(label) + cells.map((cell) => cell.padStart(columns)).join('')
}

function outputLines({ output }: BenchReport): string[] {
  const { same, repeatable, uses, differing, native, pooled } = output
  if (same) return [`output     the same in all ${amount(uses)} uses: ${native}`]
  const differs = `${amount(differing)} of ${amount(uses)} uses differ from the first native one: ${native}`
  const why = repeatable
    ? 'IT DIFFERS, and two native uses did not'
    : 'differs, and between two native uses already: the module does not repeat itself'
  return [
    `output     ${why}`,
    `           ${differs}`,
    ...(pooled === undefined ? [] : [`           pooled: ${pooled}`]),
  ]
}

function reasonText({ instances: { freshReason } }: BenchReport): string {
  return freshReason === undefined ? '' : `: always, as ${freshReason} (warmslot inspect says more)`
}

/** Three figures. */
function figures(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 3 })
}

function times(value: number): string {
  return `${figures(value)}x`
}

function amount(value: number): string {
  return value.toLocaleString('en-US')
}

function mebibytes(bytes: number): string {
  return `${figures(bytes / 2 ** 20)} MiB`
}
