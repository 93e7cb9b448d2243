/** What the pictures have in common: transparent, in the colours of the reader's scheme, each readable on its own background. */
import { type SideName, sideTitles } from '../peers/side.ts'

export const plotWidth = 880

/** Of each side on a light background and on a dark one. */
const colours: Readonly<Record<SideName, readonly [light: string, dark: string]>> = {
  pooled: ['#0969da', '#58a6ff'],
  pooledKeeping: ['#0a7ea4', '#56d4dd'],
  native: ['#bc4c00', '#f0883e'],
  workerPerUse: ['#cf222e', '#ff7b72'],
  wasmtime: ['#8250df', '#d2a8ff'],
  wasmtimeBest: ['#bf3989', '#f778ba'],
  floor: ['#57606a', '#9198a1'],
}

function coloursOf(scheme: 0 | 1): string {
  const rules = Object.entries(colours).map(([side, both]) => {
    return `.${side} { stroke: ${both[scheme]}; fill: ${both[scheme]} }`
  })
  return rules.join('\n    ')
}

const style = `
    text { font: 13px system-ui, sans-serif; fill: #24292f }
    .small { font-size: 11px; fill: #57606a }
    .grid { stroke: #d0d7de; stroke-width: 1 }
    ${coloursOf(0)}
    .hollow { fill: #ffffff }
    @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .small { fill: #9198a1 }
    .grid { stroke: #3d444d }
    ${coloursOf(1)}
    .hollow { fill: #0d1117 }
    }`

export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

/** Names of the sides with their colours, from `x`, `y` on, and as many lines as they need. */
export function legendOf(
  sides: readonly SideName[],
  x: number,
  y: number,
): { readonly drawing: string; readonly lines: number } {
  const charWidth = 6.6
  let line = 0
  let at = x
  const entries = sides.map((side) => {
    const entryWidth = 36 + sideTitles[side].length * charWidth
    if (at > x && at + entryWidth > plotWidth) {
      at = x
      line += 1
    }
    const entry = `<g transform="translate(${at.toFixed(0)} ${y + line * 20})"><g class="${side}"><circle r="4.5"/></g><text x="12" y="4">${escapeText(sideTitles[side])}</text></g>`
    at += entryWidth
    return entry
  })
  return { drawing: entries.join('\n  '), lines: line + 1 }
}

/** @param label what somebody hears who does not see it */
export function svgOf(height: number, label: string, parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${plotWidth} ${height}" width="${plotWidth}" height="${height}" role="img" aria-label="${label}">
  <style>${style}
  </style>
  ${parts.join('\n  ')}
</svg>
`
}
