/** The peers' programs, built where their compilers are there. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'

import { progress } from '../progress.ts'

const folder = `${import.meta.dirname}/../../peers`
const wasmtime = `${folder}/wasmtime/target/release/warmslot-bench-wasmtime`

/** `undefined`: there is no C compiler. */
export function floorProgram(into: string): string | undefined {
  mkdirSync(into, { recursive: true })
  const program = `${into}/floor`
  return built('cc', ['-O2', '-o', program, `${folder}/floor/floor.c`], 'the floor') ? program : undefined
}

/** @param build whether to build it (ten minutes the first time); `undefined`: it is not there, and cannot be made */
export function wasmtimeProgram(build: boolean): string | undefined {
  if (build)
    built('cargo', ['build', '--release', '--manifest-path', `${folder}/wasmtime/Cargo.toml`], 'Wasmtime')
  if (existsSync(wasmtime)) return wasmtime
  progress('Wasmtime is left out: `--peers` builds it, with cargo')
  return undefined
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
