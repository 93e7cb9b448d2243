/** Flags of a command: what there is, as a table from which both the reading and the help are made. */
import { parseArgs } from 'node:util'
import { suggestion } from './nearest-name.ts'
import { UsageError } from './usage-error.ts'

export interface Flag {
  /** Stands for the value in the help: `HOST:PORT`. Undefined: the flag takes none. */
  readonly value?: string
  /** One or two sentences, without a full stop at the end. */
  readonly help: string
  readonly default?: string
  /** A variable of the environment that says the same. */
  readonly environment?: string
}

/** By name, without the dashes. */
export type Flags = Readonly<Record<string, Flag>>

export interface Arguments {
  /** Of flags that take a value. */
  readonly values: ReadonlyMap<string, string>
  /** Flags that take none. */
  readonly set: ReadonlySet<string>
  readonly positionals: readonly string[]
  /** What stands behind `--`; undefined where there is none. */
  readonly rest: readonly string[] | undefined
}

/** Every command has it. */
export const helpFlag: Flag = { help: 'Says this' }

/** @throws UsageError */
export function parseFlags(given: readonly string[], flags: Flags): Arguments {
  const all: Flags = { ...flags, help: helpFlag }
  const options = Object.fromEntries(
    Object.entries(all).map(([name, { value }]) => [
      name,
      { type: value === undefined ? 'boolean' : 'string', ...(name === 'help' && { short: 'h' }) } as const,
    ]),
  )
  // Behind "--" everything is for the guest.
  const end = given.indexOf('--')
  const args = end < 0 ? [...given] : given.slice(0, end)
  const { values, positionals } = parsed({ args, options }, all)
  const texts = Object.entries(values).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  )
  return {
    values: new Map(texts),
    set: new Set(Object.keys(values).filter((name) => values[name] === true)),
    positionals,
    rest: end < 0 ? undefined : given.slice(end + 1),
  }
}

type Options = Record<string, { readonly type: 'boolean' | 'string' }>

function parsed(
  { args, options }: { args: string[]; options: Options },
  flags: Flags,
): { values: Record<string, unknown>; positionals: string[] } {
  const { tokens } = parseArgs({ args, options, strict: false, allowPositionals: true, tokens: true })
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const { name, rawName } = token
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined
    if (flag === undefined || (rawName.startsWith('--') && rawName !== `--${name}`))
      throw new UsageError(`there is no flag "${rawName}"${suggestion(rawName, dashed(flags))}`)
    if (flag.value !== undefined && token.value === undefined)
      throw new UsageError(`flag "${rawName}" needs a value: ${rawName} ${flag.value}`)
    if (flag.value === undefined && token.value !== undefined)
      throw new UsageError(`flag "${rawName}" takes no value, and was given ${JSON.stringify(token.value)}`)
  }
  try {
    return parseArgs({ args, options, strict: true, allowPositionals: true })
  } catch (cause) {
    // What is left: `--listen --workers`, where a value seems to be forgotten.
    throw new UsageError((cause as Error).message.replaceAll(/\s+/g, ' '), { cause })
  }
}

function dashed(flags: Flags): string[] {
  return Object.keys(flags).map((name) => `--${name}`)
}

/** The one file that a command is about. @throws UsageError */
export function onlyFile(positionals: readonly string[]): string {
  const [file, ...others] = positionals
  if (file === undefined) throw new UsageError('say which file: a module, FILE.wasm')
  if (others.length > 0)
    throw new UsageError(`one file at a time, and there are ${positionals.length}: ${positionals.join(', ')}`)
  return file
}

/** A flag's value as a number. @throws UsageError */
export function numberFlag(
  { values }: Arguments,
  name: string,
  otherwise: number,
  [least, most]: readonly [number, number],
  whole = true,
): number {
  const text = values.get(name)
  if (text === undefined) return otherwise
  const number = Number(text)
  if (/^\d+(\.\d+)?$/.test(text) && number >= least && number <= most && (!whole || Number.isInteger(number)))
    return number
  const kind = whole ? 'a whole number' : 'a number'
  throw new UsageError(
    `flag "--${name}" must be ${kind} from ${least} to ${most}, not ${JSON.stringify(text)}`,
  )
}
