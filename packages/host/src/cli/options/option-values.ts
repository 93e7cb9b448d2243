/** Values of options: from text (flags, environment) and from JSON (the configuration file). */
import { UsageError } from '../usage-error.ts'
import type { OptionRow } from './option-table.ts'

const units: Readonly<Record<string, number>> = { '': 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 }

/** @param source where it stands, for the message: `flag "--workers"` @throws UsageError */
export function valueOfText({ type }: OptionRow, text: string, source: string): string | number {
  if (type === 'text') return text
  if (type === 'bytes') return bytesOfText(text, source)
  if (/^\d+$/.test(text)) return Number(text)
  const kind = type === 'milliseconds' ? 'a whole number of milliseconds' : 'a whole number'
  throw new UsageError(`${source} must be ${kind}, not ${JSON.stringify(text)}`)
}

/** In a file, numbers are numbers, and amounts of bytes may be written as on the command line. @throws UsageError */
export function valueOfJson(row: OptionRow, value: unknown, source: string): string | number {
  const isText = typeof value === 'string'
  if (row.type === 'text' ? isText : typeof value === 'number') return value as string | number
  if (row.type === 'bytes' && isText) return bytesOfText(value, source)
  const kinds = { text: 'a string', number: 'a number', milliseconds: 'a number of milliseconds', bytes: '' }
  const kind = kinds[row.type] || 'a number of bytes, or a string such as "128MiB"'
  throw new UsageError(`${source} must be ${kind}, not ${JSON.stringify(value)}`)
}

/** `134217728`, `128MiB`. @throws UsageError */
export function bytesOfText(text: string, source: string): number {
  const [, digits, unit = ''] = /^(\d+)(KiB|MiB|GiB)?$/.exec(text) ?? []
  if (digits !== undefined) return Number(digits) * units[unit]!
  throw new UsageError(
    `${source} must be a number of bytes, or one with KiB, MiB or GiB such as "128MiB", not ${JSON.stringify(text)}`,
  )
}
