/** What the command line can ask of the bench. */
import { parseArgs } from 'node:util'

import { type Amounts, full, quick } from './amounts.ts'

const repository = `${import.meta.dirname}/../..`

export interface BenchOptions {
  readonly amounts: Amounts
  /** Whether to build Wasmtime's side. */
  readonly buildPeers: boolean
  /** Folder of the results. */
  readonly folder: string
  /** Name of the result files, without their endings. */
  readonly name: string
  /** READMEs whose section between the markers is rewritten, with the way from there to the results' folder; whole, or a summary. */
  readonly readmes: readonly { readonly file: string; readonly results: string; readonly whole: boolean }[]
}

/**
 * Reads the command line: `--write` for the measurements that the repository keeps, in docs/measurements and the READMEs;
 * else the results go to bench/results, or `--out`. `--name` names the files, `--quick` only tries everything once,
 * `--peers` builds Wasmtime's side with cargo where it is not there yet.
 * @throws TypeError for options that there are not
 */
export function readOptions(words: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    // pnpm and turbo may pass on the `--` that separates their own options from ours.
    args: words.filter((word) => word !== '--'),
    options: {
      write: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      peers: { type: 'boolean', default: false },
      out: { type: 'string' },
      name: { type: 'string', default: 'bench' },
    },
  })
  if (values.write && values.quick) throw new TypeError('--write is for full runs, so not with --quick')
  const kept = `${repository}/docs/measurements`
  return {
    amounts: values.quick ? quick : full,
    buildPeers: values.peers,
    folder: values.out ?? (values.write ? kept : `${repository}/bench/results`),
    name: values.name,
    readmes: values.write
      ? [
          { file: `${repository}/README.md`, results: 'docs/measurements', whole: false },
          { file: `${repository}/bench/README.md`, results: '../docs/measurements', whole: true },
        ]
      : [],
  }
}
