/** The peers' programs, built where their compilers are there. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'

import { progress } from '../progress.ts'

const sources = `${import.meta.dirname}/../../peers`
const wasmtime = `${sources}/wasmtime/target/release/warmslot-bench-wasmtime`

export class PeerPrograms implements Disposable {
  /** For files of the peers; it goes in the end. */
  readonly folder: string = mkdtempSync(`${tmpdir()}/warmslot-peers-`)
  /** `undefined`: there is no C compiler. */
  readonly floor: string | undefined
  /** `undefined`: it is not there, and cannot be made. */
  readonly wasmtime: string | undefined

  /** @param buildWasmtime whether to build that (ten minutes the first time) */
  constructor(buildWasmtime: boolean) {
    const floor = `${this.folder}/floor`
    const words = ['-O2', '-pthread', '-o', floor, `${sources}/floor/floor.c`]
    this.floor = built('cc', words, 'the floor') ? floor : undefined
    if (buildWasmtime) {
      built('cargo', ['build', '--release', '--manifest-path', `${sources}/wasmtime/Cargo.toml`], 'Wasmtime')
    }
    this.wasmtime = existsSync(wasmtime) ? wasmtime : undefined
    if (this.wasmtime === undefined) progress('Wasmtime is left out: `--peers` builds it, with cargo')
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true })
  }
}

function built(compiler: string, words: readonly string[], what: string): boolean {
  try {
    execFileSync(compiler, words, { stdio: ['ignore', 'ignore', 'inherit'] })
    return true
  } catch (error) {
    progress(`${what} cannot be built, and is left out: ${(error as Error).message}`)
    return false
  }
}
