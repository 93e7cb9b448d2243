/**
 * A table as a picture: for each row, and each side of it, a line from p50 to p99 on a logarithmic axis. It is transparent and
 * follows the reader's colour scheme.
 */
import type { Distribution } from '../statistics.ts'
import { rounded } from './format.ts'

/** Whose colours there are. */
export type PlotSide = 'native' | 'pooled' | 'wasmtime' | 'wasmtimeBest' | 'floor'

export interface PlotRow {
  readonly title: string
  /** What was not measured is left out. */
  readonly sides: Readonly<Partial<Record<PlotSide, Distribution>>>
}

export interface Plot {
  readonly heading: string
  /** For who does not see it. */
  readonly label: string
  /** The sides, in their order, with their names. */
  readonly legend: Readonly<Partial<Record<PlotSide, string>>>
  readonly rows: readonly PlotRow[]
}

const width = 880
const left = 28
const right = 60
const top = 66
const sideHeight = 14
const titleHeight = 24

/** The colours of both schemes, each readable on its own background. */
const style = `
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .small { font-size: 11px; fill: #57606a }
  .grid { stroke: #d0d7de; stroke-width: 1 }
  .native { stroke: #bc4c00; fill: #bc4c00 }
  .pooled { stroke: #0969da; fill: #0969da }
  .wasmtime { stroke: #8250df; fill: #8250df }
  .wasmtimeBest { stroke: #1a7f37; fill: #1a7f37 }
  .floor { stroke: #6e7781; fill: #6e7781 }
  .hollow { fill: #ffffff }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .small { fill: #9198a1 }
    .grid { stroke: #3d444d }
    .native { stroke: #f0883e; fill: #f0883e }
    .pooled { stroke: #58a6ff; fill: #58a6ff }
    .wasmtime { stroke: #bc8cff; fill: #bc8cff }
    .wasmtimeBest { stroke: #3fb950; fill: #3fb950 }
    .floor { stroke: #8b949e; fill: #8b949e }
    .hollow { fill: #0d1117 }
  }`

type Position = (microseconds: number) => number

/** Powers of ten around all figures. */
function decades(rows: readonly PlotRow[]): { least: number; most: number } {
  const figures = rows.flatMap(({ sides }) =>
    Object.values(sides).flatMap(({ p50, p99, mean }) => [p50, p99, mean]),
  )
  const least = Math.floor(Math.log10(Math.min(...figures)))
  return { least, most: Math.max(least + 1, Math.ceil(Math.log10(Math.max(...figures)))) }
}

function unitOf(exponent: number): string {
  if (exponent >= 6) return `${10 ** (exponent - 6)} s`
  if (exponent >= 3) return `${10 ** (exponent - 3)} ms`
  return `${10 ** exponent} µs`
}

/** Dot: p50. Hollow dot: mean. Stroke: p99. */
function mark(
  side: PlotSide,
  name: string,
  { p50, p99, mean }: Distribution,
  y: number,
  at: Position,
): string {
  const from = at(Math.min(p50, mean)).toFixed(1)
  const to = at(Math.max(p99, mean)).toFixed(1)
  return `<g class="${side}"><title>${escape(name)}: p50 ${rounded(p50)} µs, mean ${rounded(mean)} µs, p99 ${rounded(p99)} µs</title>
    <path d="M${from} ${y}H${to}M${at(p99).toFixed(1)} ${y - 5}v10" stroke-width="2"/>
    <circle class="hollow" cx="${at(mean).toFixed(1)}" cy="${y}" r="4" stroke-width="2"/><circle cx="${at(p50).toFixed(1)}" cy="${y}" r="4.5"/></g>`
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

export function plotOf({ heading, label, legend, rows }: Plot): string {
  const { least, most } = decades(rows)
  const span = width - left - right
  const at: Position = (microseconds) => left + ((Math.log10(microseconds) - least) / (most - least)) * span
  const names = Object.entries(legend) as [PlotSide, string][]
  const rowHeight = titleHeight + names.length * sideHeight
  const bottom = top + rows.length * rowHeight
  const grid = Array.from({ length: most - least + 1 }, (_, index) => {
    const x = at(10 ** (least + index)).toFixed(1)
    return `<path class="grid" d="M${x} ${top - 8}V${bottom}"/><text class="small" x="${x}" y="${bottom + 18}" text-anchor="middle">${unitOf(least + index)}</text>`
  })
  const drawn = rows.map(({ title, sides }, index) => {
    const y = top + index * rowHeight
    const marks = names.flatMap(([side, name], place) => {
      const found = sides[side]
      return found === undefined
        ? []
        : [mark(side, name, found, y + titleHeight + 1 + place * sideHeight, at)]
    })
    return `<text x="${left + 4}" y="${y + 12}">${escape(title)}</text>\n  ${marks.join('\n  ')}`
  })
  let x = left + 5
  const keys = names.map(([side, name]) => {
    const key = `<g transform="translate(${x} 41)"><g class="${side}"><circle r="4.5"/></g><text x="12" y="4">${escape(name)}</text></g>`
    x += 36 + 7.5 * name.length
    return key
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${bottom + 30}" width="${width}" height="${bottom + 30}" role="img" aria-label="${escape(label)}">
  <style>${style}
  </style>
  <text x="${left}" y="22" font-weight="600">${escape(heading)}</text>
  ${keys.join('\n  ')}
  <text class="small" x="${width - right}" y="22" text-anchor="end">dot: p50, ring: mean with the garbage collector's pauses, stroke: p99; logarithmic</text>
  ${grid.join('\n  ')}
  ${drawn.join('\n  ')}
</svg>
`
}
