/** A table of durations as a picture: for each row and side a line from p50 to p99, on a logarithmic axis. */
import { type SideName, sideNames } from '../peers/side.ts'
import type { SideResults } from '../peers/by-turns.ts'
import type { Distribution } from '../statistics.ts'
import { rounded } from './format.ts'
import { escapeText, legendOf, plotWidth, svgOf } from './plot-style.ts'

export interface PlotRow {
  readonly title: string
  readonly sides: SideResults<SideName>
}

const left = 28
const right = 60
const markHeight = 14

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
function mark(side: SideName, { p50, p99, mean }: Distribution, y: number, at: Position): string {
  const from = at(Math.min(p50, mean)).toFixed(1)
  const to = at(Math.max(p99, mean)).toFixed(1)
  return `<g class="${side}"><title>${side}: p50 ${rounded(p50)} µs, mean ${rounded(mean)} µs, p99 ${rounded(p99)} µs</title>
    <path d="M${from} ${y}H${to}M${at(p99).toFixed(1)} ${y - 5}v10" stroke-width="2"/>
    <circle class="hollow" cx="${at(mean).toFixed(1)}" cy="${y}" r="4" stroke-width="2"/><circle cx="${at(p50).toFixed(1)}" cy="${y}" r="4.5"/></g>`
}

/** @param heading what the rows are about */
export function distributionPlot(heading: string, rows: readonly PlotRow[]): string {
  const present = sideNames.filter((side) => rows.some(({ sides }) => sides[side] !== undefined))
  const legend = legendOf(present, left + 5, 41)
  const note = 41 + legend.lines * 20
  const top = note + 24
  const { least, most } = decades(rows)
  const span = plotWidth - left - right
  const at: Position = (microseconds) => left + ((Math.log10(microseconds) - least) / (most - least)) * span
  let bottom = top
  const drawn = rows.map(({ title, sides }) => {
    const y = bottom
    const marks = present.filter((side) => sides[side] !== undefined)
    bottom += 24 + marks.length * markHeight
    const lines = marks.map((side, index) => mark(side, sides[side]!, y + 25 + index * markHeight, at))
    return `<text x="${left + 4}" y="${y + 12}">${escapeText(title)}</text>\n  ${lines.join('\n  ')}`
  })
  const grid = Array.from({ length: most - least + 1 }, (_, index) => {
    const x = at(10 ** (least + index)).toFixed(1)
    return `<path class="grid" d="M${x} ${top - 8}V${bottom}"/><text class="small" x="${x}" y="${bottom + 18}" text-anchor="middle">${unitOf(least + index)}</text>`
  })
  return svgOf(bottom + 30, heading, [
    `<text x="${left}" y="22" font-weight="600">${escapeText(heading)}</text>`,
    legend.drawing,
    `<text class="small" x="${left}" y="${note}">dot: p50, ring: mean with the garbage collector's pauses, stroke: p99; logarithmic</text>`,
    ...grid,
    ...drawn,
  ])
}
