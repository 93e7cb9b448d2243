/** What came of one use, so that native and pooled uses can be compared. */
import { GuestTrappedError } from '../../errors/guest-trapped-error.ts'
import { callExport } from '../../worker/call-export.ts'
import type { LoadedModule } from '../../worker/loaded-module.ts'
import { runCommand } from '../../worker/run-command.ts'
import type { GuestInput, GuestOutput } from '../../workers/protocol.ts'

/** A guest's trap is an outcome as well. */
export type Outcome = GuestOutput | { readonly error: GuestTrappedError }

/** @throws TimeLimitError, and what is wrong with the call itself */
export function outcomeOf(module: LoadedModule, input: GuestInput): Outcome {
  try {
    return input.type === 'command' ? runCommand(module, input) : callExport(module, input)
  } catch (error) {
    if (error instanceof GuestTrappedError) return { error }
    throw error
  }
}

export function sameOutcome(a: Outcome, b: Outcome): boolean {
  if ('error' in a || 'error' in b)
    return (
      'error' in a && 'error' in b && a.error.message === b.error.message && a.error.stderr === b.error.stderr
    )
  if (!sameBytes(a.stderr, b.stderr)) return false
  if ('exitCode' in a && 'exitCode' in b) return a.exitCode === b.exitCode && sameBytes(a.stdout, b.stdout)
  return 'result' in a && 'result' in b && sameResult(a.result, b.result)
}

function sameResult(a: unknown, b: unknown): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return sameBytes(a, b)
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((value, index) => sameResult(value, b[index]))
  // References are of their instance; only that there is one can be compared.
  return Object.is(a, b) || (isReference(a) && isReference(b))
}

function isReference(value: unknown): boolean {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

/** For people, in a line. */
export function outcomeText(outcome: Outcome): string {
  if ('error' in outcome) return outcome.error.message
  const errors =
    outcome.stderr.byteLength === 0 ? '' : `, ${outcome.stderr.byteLength} bytes of standard error`
  if ('exitCode' in outcome)
    return `exit code ${outcome.exitCode}, ${outcome.stdout.byteLength} bytes of standard output${errors}`
  return `result ${resultText(outcome.result)}${errors}`
}

function resultText(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.byteLength} bytes`
  if (Array.isArray(value)) return `[${value.map(resultText).join(', ')}]`
  if (typeof value === 'bigint') return `${value}n`
  return isReference(value) ? 'a reference' : String(value)
}
