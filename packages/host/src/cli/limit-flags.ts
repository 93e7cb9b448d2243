/** Flags of commands that try a module: what a guest may take, as of the host that it is for. */
import type { GuestLimits } from '../guest-limits.ts'
import { hostOptionRanges } from '../options.ts'
import { describeRange, isWithin } from '../number-range.ts'
import { type Arguments, type Flag, type Flags } from './flags.ts'
import { defaultOf, flagOf, optionTable } from './options/option-table.ts'
import { valueOfText } from './options/option-values.ts'
import { UsageError } from './usage-error.ts'

const names = [
  'maxMemoryBytes',
  'maxTables',
  'maxTableElements',
  'maxArrayBytes',
] as const satisfies readonly (keyof GuestLimits)[]

export const limitFlags: Flags = Object.fromEntries(
  names.map((name): [string, Flag] => {
    const { value, help } = optionTable[name]
    return [flagOf(name), { value, help, default: defaultOf(name) }]
  }),
)

/** @throws UsageError */
export function limitsOf({ values }: Arguments): GuestLimits {
  const [maxMemoryBytes, maxTables, maxTableElements, maxArrayBytes] = names.map((name) => {
    const source = `flag "--${flagOf(name)}"`
    const value = valueOfText(optionTable[name], values.get(flagOf(name)) ?? defaultOf(name), source)
    const range = hostOptionRanges[name]
    if (isWithin(value, range)) return value
    throw new UsageError(`${source} must be ${describeRange(range)}, not ${value}`)
  }) as [number, number, number, number]
  return { maxMemoryBytes, maxTables, maxTableElements, maxArrayBytes }
}
