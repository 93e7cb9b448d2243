/**
 * The table as a picture: for each case a line from p50 to p99, natively and in the pool, on a logarithmic axis. It is
 * transparent and follows the reader's colour scheme.
 */
import type { UseResult } from '../uses/measure-uses.ts'
import type { Distribution } from '../statistics.ts'
import { rounded } from './format.ts'

const width = 880
const left = 28
const right = 60
const top = 66
const rowHeight = 52

/** The colours of both schemes, each readable on its own background. */
const style = `
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .small { font-size: 11px; fill: #57606a }
  .grid { stroke: #d0d7de; stroke-width: 1 }
  .native { stroke: #bc4c00; fill: #bc4c00 }
  .pooled { stroke: #0969da; fill: #0969da }
  .hollow { fill: #ffffff }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .small { fill: #9198a1 }
    .grid { stroke: #3d444d }
    .native { stroke: #f0883e; fill: #f0883e }
    .pooled { stroke: #58a6ff; fill: #58a6ff }
    .hollow { fill: #0d1117 }
  }`

type Position = (microseconds: number) => number

/** Powers of ten around all figures. */
function decades(uses: readonly UseResult[]): { least: number; most: number } {
  const figures = uses.flatMap(({ native, pooled }) =>
    [native, pooled].flatMap(({ p50, p99, mean }) => [p50, p99, mean]),
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
function mark(side: 'native' | 'pooled', { p50, p99, mean }: Distribution, y: number, at: Position): string {
  const from = at(Math.min(p50, mean)).toFixed(1)
  const to = at(Math.max(p99, mean)).toFixed(1)
  return `<g class="${side}"><title>${side}: p50 ${rounded(p50)} µs, mean ${rounded(mean)} µs, p99 ${rounded(p99)} µs</title>
    <path d="M${from} ${y}H${to}M${at(p99).toFixed(1)} ${y - 5}v10" stroke-width="2"/>
    <circle class="hollow" cx="${at(mean).toFixed(1)}" cy="${y}" r="4" stroke-width="2"/><circle cx="${at(p50).toFixed(1)}" cy="${y}" r="4.5"/></g>`
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

export function plotOf(uses: readonly UseResult[]): string {
  const { least, most } = decades(uses)
  const span = width - left - right
  const at: Position = (microseconds) => left + ((Math.log10(microseconds) - least) / (most - least)) * span
  const bottom = top + uses.length * rowHeight
  const grid = Array.from({ length: most - least + 1 }, (_, index) => {
    const x = at(10 ** (least + index)).toFixed(1)
    return `<path class="grid" d="M${x} ${top - 8}V${bottom}"/><text class="small" x="${x}" y="${bottom + 18}" text-anchor="middle">${unitOf(least + index)}</text>`
  })
  const rows = uses.map(({ title, native, pooled }, index) => {
    const y = top + index * rowHeight
    return `<text x="${left + 4}" y="${y + 12}">${escape(title)}</text>
  ${mark('native', native, y + 25, at)}
  ${mark('pooled', pooled, y + 39, at)}`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${bottom + 30}" width="${width}" height="${bottom + 30}" role="img" aria-label="Duration of one use, native and pooled">
  <style>${style}
  </style>
  <text x="${left}" y="22" font-weight="600">One use: instantiate, call, drop or release</text>
  <g transform="translate(${left + 5} 41)"><g class="native"><circle r="4.5"/></g><text x="12" y="4">new WebAssembly.Instance</text></g>
  <g transform="translate(${left + 215} 41)"><g class="pooled"><circle r="4.5"/></g><text x="12" y="4">Warmslot</text></g>
  <text class="small" x="${left + 310}" y="45">dot: p50, ring: mean with the garbage collector's pauses, stroke: p99; logarithmic</text>
  ${grid.join('\n  ')}
  ${rows.join('\n  ')}
</svg>
`
}
