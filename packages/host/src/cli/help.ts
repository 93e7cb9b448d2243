/** Help, made from the tables of flags. */
import { type Flag, type Flags, helpFlag } from './flags.ts'

const width = 100
const indent = 32

export interface CommandHelp {
  /** How it is called: `warmslot inspect FILE [--json]`. */
  readonly usage: string
  readonly summary: string
  readonly flags: Flags
  /** What else there is to say, in paragraphs. */
  readonly notes: readonly string[]
}

export function helpText({ usage, summary, flags, notes }: CommandHelp): string {
  const rows = Object.entries({ ...flags, help: helpFlag }).map(([name, flag]) => flagText(name, flag))
  const paragraphs = notes.map((note) =>
    note
      .split('\n')
      .flatMap((line) => wrapped(line, width))
      .join('\n'),
  )
  return [usage, wrapped(summary, width).join('\n'), rows.join('\n'), ...paragraphs].join('\n\n') + '\n'
}

function flagText(name: string, { value, help, default: otherwise, environment }: Flag): string {
  const head = `  --${name}${value === undefined ? '' : ` ${value}`}`
  const more = [otherwise && `default: ${otherwise}`, environment].filter(Boolean).join('; ')
  const lines = wrapped(more === '' ? `${help}.` : `${help}. [${more}]`, width - indent)
  const [first = '', ...others] = lines
  const padded = others.map((line) => ' '.repeat(indent) + line)
  if (head.length < indent - 1) return [head.padEnd(indent) + first, ...padded].join('\n')
  return [head, ' '.repeat(indent) + first, ...padded].join('\n')
}

/** Lines of whole words. What is indented (an example) stays as it is. */
function wrapped(text: string, columns: number): string[] {
  if (text.startsWith('  ')) return [text]
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines.length - 1
    const longer = lines[last] === '' ? word : `${lines[last]} ${word}`
    if (longer.length <= columns) lines[last] = longer
    else lines.push(word)
  }
  return lines
}
