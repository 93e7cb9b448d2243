/** The command line. */
import { parseArgs } from 'node:util'

export interface Options {
  /** How long to run. @default 60 s */
  readonly seconds: number
  /** @default one of the day's, printed */
  readonly seed: number
  /** A folder of binaries: started from, and added to. @default a temporary one */
  readonly corpus: string | undefined
  /** Where findings go. @default fuzz/findings */
  readonly findings: string
  /** Run this binary only, with `seed` for the calls. */
  readonly replay: string | undefined
  /** At the end, list the pieces of the analyser and rewriter that never ran. */
  readonly missed: boolean
}

export function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string' },
      seconds: { type: 'string' },
      seed: { type: 'string' },
      corpus: { type: 'string' },
      findings: { type: 'string' },
      replay: { type: 'string' },
      missed: { type: 'boolean' },
    },
  })
  return {
    seconds: values.minutes === undefined ? number(values.seconds, 60) : number(values.minutes, 1) * 60,
    seed: number(values.seed, Math.floor(Math.random() * 2 ** 32)),
    corpus: values.corpus,
    findings: values.findings ?? new URL('findings', import.meta.url).pathname,
    replay: values.replay,
    missed: values.missed ?? false,
  }
}

function number(text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text)
  if (!(value >= 0)) throw new Error(`${text} is no number from 0 upwards`)
  return value
}
