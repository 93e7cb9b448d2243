/** `warmslot bench`: native against pooled, for a module of the user's own. */
import { basename } from 'node:path'
import { type Command, exitCode } from '../command.ts'
import { FailureError } from '../failure-error.ts'
import { type Flags, numberFlag, onlyFile } from '../flags.ts'
import { refusalOfBytes } from '../inspect/refusal.ts'
import { limitFlags, limitsOf } from '../limit-flags.ts'
import { readModuleFile } from '../read-module-file.ts'
import { inputOf } from './bench-input.ts'
import { printReport } from './print-report.ts'
import { runThread } from './run-thread.ts'

const secondsRange = [0.05, 60] as const
const timeLimitRange = [1, 3_600_000] as const
const [defaultSeconds, defaultTimeLimitMs] = [5, 10_000]

const flags: Flags = {
  export: { value: 'NAME', help: 'The function of a library that is called' },
  arguments: {
    value: 'JSON',
    help: 'What it is called with: an array of numbers, strings, {"i64": "5"} and {"bytes": "base64"}',
    default: '[]',
  },
  result: { value: 'FORM', help: 'How its results are read: value, string or bytes', default: 'value' },
  stdin: { value: 'FILE', help: 'Standard input of a command', default: 'empty' },
  seconds: { value: 'SECONDS', help: 'How long is measured, 0.05 to 60', default: String(defaultSeconds) },
  'time-limit-ms': {
    value: 'MS',
    help: 'How long one use may take, natively too',
    default: String(defaultTimeLimitMs),
  },
  ...limitFlags,
  json: { help: 'Prints JSON; durations in microseconds' },
}

export const bench: Command = {
  help: {
    usage:
      'warmslot bench FILE [flags] [-- ARGUMENT...]\nwarmslot bench FILE --export NAME [--arguments JSON] [flags]',
    summary:
      "Runs a command, or calls a library's function, natively and pooled by turns, in one process, and compares times and outputs.",
    flags,
    notes: [
      'A whole use makes an instance, runs, and gives the instance back, with the same WASI on both sides. Natively nothing limits how far a memory or a table grows.',
      'It ends with 0, or with 1 where the outputs of pooled and native uses differ although those of native uses do not.',
    ],
  },
  async run(given, { print, tell }) {
    const file = onlyFile(given.positionals)
    const input = await inputOf(given)
    const seconds = numberFlag(given, 'seconds', defaultSeconds, secondsRange, false)
    const timeLimitMs = numberFlag(given, 'time-limit-ms', defaultTimeLimitMs, timeLimitRange)
    const limits = limitsOf(given)
    const bytes = await readModuleFile(file)
    const refusal = refusalOfBytes(bytes)
    if (refusal !== undefined) throw new FailureError(refusal.message)
    const beat = new Int32Array(new SharedArrayBuffer(8))
    const plan = { name: basename(file), bytes, seconds, timeLimitMs, limits, input, beat }
    const report = await runThread(plan, (text) => tell(`warmslot bench: ${text}`))
    print(given.set.has('json') ? `${JSON.stringify(report, undefined, 2)}\n` : printReport(report))
    return report.output.same || !report.output.repeatable ? exitCode.success : exitCode.failure
  },
}
