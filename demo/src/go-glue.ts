/**
 * `wasm_exec.js`, Go's glue and TinyGo's: each is a script that leaves a class named `Go` in the global
 * scope. The demo has both, of different packages, so each is taken out of the global scope as soon as it is
 * there.
 */
import { evaluateCommonJs } from './package-files.ts'

/** The part of Go's class that the demo uses. */
export interface Go {
  argv: string[]
  env: Record<string, string>
  exit: (code: number) => void
  readonly importObject: WebAssembly.Imports
  run(instance: WebAssembly.Instance): Promise<void>
}

export type GoClass = new () => Go

const scope = globalThis as { Go?: GoClass; fs?: unknown }

/** Evaluates a `wasm_exec.js` and takes its class. */
export function takeGoClass(specifier: string): GoClass {
  const before = scope.Go
  evaluateCommonJs(specifier)
  const taken = scope.Go
  if (before === undefined) delete scope.Go
  else scope.Go = before
  if (taken === undefined || taken === before) throw new TypeError(`${specifier} defines no class Go`)
  return taken
}

/**
 * Runs synchronous code with this class, or this file system, in the global scope, where Go's code looks for
 * them.
 */
export function withGlobals<T>(globals: { Go?: GoClass; fs?: unknown }, run: () => T): T {
  const before = { Go: scope.Go, fs: scope.fs }
  Object.assign(scope, globals)
  try {
    return run()
  } finally {
    Object.assign(scope, before)
  }
}
