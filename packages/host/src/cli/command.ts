/** What every command of the program is. */
import type { Arguments } from './flags.ts'
import type { CommandHelp } from './help.ts'

/** The process around a command. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Results. */
  readonly print: (text: string) => void
  /** Progress and problems. */
  readonly tell: (line: string) => void
}

export interface Command {
  readonly help: CommandHelp
  /** @returns the exit code @throws UsageError, FailureError */
  run(given: Arguments, surroundings: Surroundings): Promise<number>
}

export const exitCode = { success: 0, failure: 1, usage: 2, unusable: 3 } as const
