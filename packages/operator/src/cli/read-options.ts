/** Options from flags and from the environment; a flag counts before its variable, and an empty variable counts as not set. */
import { parseArgs } from 'node:util'
import type { OperatorOptions } from '../options.ts'
import { flagOf, optionNames, optionTable, variableOf } from './option-table.ts'
import { UsageError } from './usage-error.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** @throws UsageError */
export function readOptions(given: readonly string[], environment: Environment): OperatorOptions {
  const flags = Object.fromEntries(optionNames.map((name) => [flagOf(name), { type: 'string' as const }]))
  let values: Readonly<Record<string, string | boolean | undefined>>
  try {
    values = parseArgs({ args: [...given], options: flags, strict: true, allowPositionals: false }).values
  } catch (cause) {
    throw new UsageError((cause as Error).message.replaceAll(/\s+/g, ' '), { cause })
  }
  const options: Record<string, unknown> = {}
  for (const name of optionNames) {
    const flag = values[flagOf(name)]
    const text = typeof flag === 'string' ? flag : environment[variableOf(name)]
    if (text === undefined || (text === '' && flag === undefined)) continue
    options[name] = readValue(name, text, flag === undefined ? variableOf(name) : `--${flagOf(name)}`)
  }
  return options
}

function readValue(name: keyof OperatorOptions, text: string, from: string): unknown {
  const { type } = optionTable[name]
  if (type === 'number') {
    if (/^\d+$/.test(text)) return Number(text)
    throw new UsageError(`${from} must be a whole number, not ${JSON.stringify(text)}`)
  }
  if (type === 'boolean') {
    if (text === 'true' || text === 'false') return text === 'true'
    throw new UsageError(`${from} must be true or false, not ${JSON.stringify(text)}`)
  }
  return text
}
