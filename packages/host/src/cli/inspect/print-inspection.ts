/** An inspection for people. */
import type { Inspection, InspectedImport } from './inspection.ts'
import type { MemoryShape } from './module-shape.ts'

/** Longest list that is printed whole; `--json` has all. */
const mostListed = 40
const label = 12

export function printInspection(inspection: Inspection): string {
  const { file, byteLength, digest, usable, refusal, kind, imports, memories, functions } = inspection
  const lines = [
    `${file}: ${usable ? 'can be served' : 'cannot be served'}`,
    ...(refusal === undefined ? [] : ['', `  ${refusal.message} (${refusal.code})`]),
    '',
    row('size', `${amount(byteLength)} bytes`),
    row('digest', digest),
    ...(kind === undefined ? [] : [row('kind', kindText(inspection))]),
    ...rows('imports', imports?.map(importText)),
    ...rows('memories', memories?.map(memoryText)),
    ...rows(
      'functions',
      functions?.map(({ name, signature = '' }) => `${name} ${signature}`.trimEnd()),
    ),
    ...costs(inspection),
  ]
  return `${lines.join('\n')}\n`
}

function costs({ image, warm, timing }: Inspection): string[] {
  const lines: string[] = []
  if (image !== undefined) {
    const { byteLength, nonZeroBytes } = image
    const content =
      nonZeroBytes === undefined
        ? 'its start function writes more'
        : `${amount(nonZeroBytes)} of them are not zero`
    lines.push(
      row(
        'image',
        byteLength === 0 ? 'none: its memory starts with zeros' : `${amount(byteLength)} bytes; ${content}`,
      ),
    )
  }
  if (warm !== undefined) lines.push(row('warm', `${warm.possible ? 'yes' : 'no'}: ${warm.explanation}`))
  if (timing !== undefined) {
    const [pooled, native] = [timing.compileMs.toFixed(1), timing.nativeCompileMs.toFixed(1)]
    lines.push(row('compiled in', `${pooled} ms, analysis and image included; V8 alone: ${native} ms`))
  }
  return lines
}

function kindText({ kind, initialises }: Inspection): string {
  if (kind === 'command') return 'command: POST /v1/modules/NAME/run runs its "_start"'
  const initialisation =
    initialises === true ? ', after "_initialize" (setting "initialize": each-request or once)' : ''
  return `library: POST /v1/modules/NAME/call/FUNCTION calls a function${initialisation}`
}

function importText({ module, name, kind, signature, givenBy }: InspectedImport): string {
  const what = kind === 'function' ? (signature ?? '') : kind
  return `${module} ${name} ${what}: given by ${givenBy}`.replaceAll(/ +/g, ' ').replace(' :', ':')
}

function memoryText({
  imported,
  addressBits,
  shared,
  pageBytes,
  initialPages,
  maximumPages,
}: MemoryShape): string {
  const size = `${amount(initialPages)} ${initialPages === 1 ? 'page' : 'pages'} of ${amount(pageBytes)} bytes at the start`
  const most = maximumPages === undefined ? 'no maximum of its own' : `${amount(maximumPages)} at most`
  return `${imported ? 'imported' : 'its own'}, ${addressBits} bit${shared ? ', shared' : ''}: ${size}, ${most}`
}

function rows(name: string, texts: readonly string[] | undefined): string[] {
  if (texts === undefined) return []
  if (texts.length === 0) return [row(name, 'none')]
  const shown = texts.slice(0, mostListed)
  if (texts.length > shown.length) shown.push(`and ${texts.length - shown.length} more (--json has them all)`)
  return shown.map((text, index) => row(index === 0 ? name : '', text))
}

function row(name: string, text: string): string {
  return `  ${name.padEnd(label)}${text}`
}

function amount(number: number): string {
  return number.toLocaleString('en-US')
}
