/**
 * The bytes of a Module, if they are here. They are wanted before any record is written: a source that cannot be read leaves nothing in the
 * ledger.
 */
import { SourceError } from '../errors/source-error.ts'
import type { Module } from '../resource/module.ts'
import type { BackgroundSources } from '../sources/background-sources.ts'
import { type SourceProblem, waitingForSource } from './living-status.ts'

/** Neither: none are wanted. */
export interface FoundBytes {
  readonly bytes?: Uint8Array
  readonly problem?: SourceProblem
}

export async function findBytes(
  sources: Pick<BackgroundSources, 'read'>,
  module: Module,
  signal: AbortSignal,
): Promise<FoundBytes> {
  try {
    const bytes = await sources.read(module, signal)
    return bytes === undefined ? { problem: awaited(module) } : { bytes }
  } catch (error) {
    if (!SourceError.isInstance(error)) throw error
    return { problem: { reason: error.reason, message: error.message } }
  }
}

function awaited({ spec: { source } }: Module): SourceProblem {
  const where = source.http?.url ?? source.oci?.reference ?? 'its source'
  return { reason: waitingForSource, message: `Its bytes are being read from ${where.slice(0, 900)}.` }
}
