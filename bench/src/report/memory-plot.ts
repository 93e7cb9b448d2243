/** The memory of a process with many instances as a picture: a bar for each state, pooled and natively. */
import type { MemoryResults } from '../memory/measure-memory.ts'
import { stateTitles } from '../memory/measure-memory.ts'
import { rounded } from './format.ts'
import { escapeText, legendOf, plotWidth, svgOf } from './plot-style.ts'

const left = 28
const right = 90
const top = 74
const rowHeight = 40

const bars = [
  ['pooled', 'inUse'],
  ['pooled', 'released'],
  ['pooled', 'trimmed'],
  ['pooled', 'purged'],
  ['native', 'inUse'],
  ['native', 'released'],
] as const

export function memoryPlot({ slots, pages, pool, native }: MemoryResults): string {
  const sides = { pooled: pool, native }
  const found = bars.flatMap(([side, state]) => {
    const { before, [state]: figures } = sides[side]
    if (figures === undefined) return []
    // A process may give back more than the instances had taken.
    return [{ side, state, bytes: Math.max(0, figures.pssBytes - before!.pssBytes) }]
  })
  const most = Math.max(...found.map(({ bytes }) => bytes))
  const rows = found.map(({ side, state, bytes }, index) => {
    const y = top + index * rowHeight
    const width = Math.max(1, (bytes / most) * (plotWidth - left - right))
    return `<text x="${left}" y="${y + 12}">${escapeText(`${side}, ${stateTitles[state]}`)}</text>
  <rect class="${side}" x="${left}" y="${y + 18}" width="${width.toFixed(1)}" height="10"/><text class="small" x="${(left + width + 8).toFixed(1)}" y="${y + 27}">${rounded(bytes / 2 ** 20)} MiB</text>`
  })
  const heading = `Memory of ${slots.toLocaleString('en')} instances that wrote ${pages} pages each`
  return svgOf(top + found.length * rowHeight + 10, heading, [
    `<text x="${left}" y="22" font-weight="600">${escapeText(heading)}</text>`,
    legendOf(['pooled', 'native'], left + 5, 41).drawing,
    `<text class="small" x="${left}" y="63">proportional set size (PSS), beyond what the process held before</text>`,
    ...rows,
  ])
}
