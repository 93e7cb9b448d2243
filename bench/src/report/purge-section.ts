/** What a purge costs, and how long it holds the event loop. */
import type { PurgeOutcome } from '../purge/measure-purge.ts'
import { markdownTable, rounded } from './format.ts'
import type { BenchResults } from './results.ts'

function purgeTable({ purge }: BenchResults): string {
  return markdownTable(
    [
      'purge of a module',
      'purges',
      'µs a slot',
      'longest slice, ms (worst)',
      'longest turn of the event loop, ms (worst)',
      'held before, KiB a slot',
    ],
    purge.rows.map((result) =>
      [
        `${result.slots.toLocaleString('en')} slots, ${result.title}`,
        `${result.purges}`,
        rounded(result.perSlotUs),
      ].concat(
        [result.longestSliceMs, result.longestTurnMs].map(
          ({ median, worst }) => `${rounded(median)} (${rounded(worst)})`,
        ),
        rounded(result.residentBytesPerSlot / 1024),
      ),
    ),
  )
}

function leftOutText({ leftOut }: PurgeOutcome): string {
  const reasons = leftOut.map(({ slots, reason }) => `${slots.toLocaleString('en')} slots: ${reason}`)
  return reasons.length === 0 ? '' : ` Not measured here: ${reasons.join('; ')}.`
}

export function purgeSection(results: BenchResults): string {
  return `${purgeTable(results)}

A purge goes from the call of \`dispose()\` to the receipt, with the kernel's own word in it; medians, and the worst in brackets. The longest turn is the longest pause
that a ticker beside it saw.${leftOutText(results.purge)}`
}
