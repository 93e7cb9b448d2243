/** Modules in turn under each strategy: hits, and what a use takes. */
import type { TurnSide } from '../turns/measure-turns.ts'
import { markdownTable, percent, rounded } from './format.ts'
import type { BenchResults } from './results.ts'

const titles: Readonly<Record<TurnSide, string>> = {
  reuseAffinity: '`reuseAffinity`',
  nextAvailable: '`nextAvailable`',
  random: '`random`',
  wasmtimeBest: 'Wasmtime at its best',
}

function plural(count: number, what: string): string {
  return `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`
}

function turnsTable({ turns }: BenchResults): string {
  const rows = turns.map(({ modules, slots, side, use, hits }) => {
    const affine = turns.find((one) => {
      return one.side === 'reuseAffinity' && one.modules === modules && one.slots === slots
    })
    return [
      `${plural(modules, 'module')} on ${plural(slots, 'slot')}, ${titles[side]}`,
      hits === undefined ? '–' : percent(hits.hitRate),
      hits === undefined ? '–' : percent(hits.stealRate),
    ].concat(
      [use.p50, use.p99, use.mean].map(rounded),
      [use.p50 / affine!.use.p50, use.mean / affine!.use.mean].map((factor) => `${rounded(factor)}×`),
    )
  })
  return markdownTable(
    [
      'modules in turn, one use, µs',
      'hits',
      'steals',
      'p50',
      'p99',
      'mean',
      'p50, of `reuseAffinity`',
      'mean, of `reuseAffinity`',
    ],
    rows,
  )
}

export function turnsSection(results: BenchResults): string {
  return `${turnsTable(results)}

One use at a time of each module in its turn (17 pages, 8 KiB of data, grows by one page), under each strategy by turns; every slot has been used before. A hit finds
the module's image still in its slot, a steal takes a slot from another module that has left its own there. Wasmtime has 100 slots, and does not say how often it hits.`
}
