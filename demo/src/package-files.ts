/**
 * Files of installed packages: the published WebAssembly, and glue with fresh state.
 *
 * Most glue keeps its instance in variables of its own module, so one evaluation of it serves one instance
 * for good. A use that needs state of its own evaluates the published file once more.
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

let evaluations = 0

/** Reads a file of an installed package, by import specifier. */
export async function readPackageFile(specifier: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await readFile(fileURLToPath(import.meta.resolve(specifier))))
}

/**
 * Evaluates a CommonJS file anew, and forgets it, so that the garbage collector can have it with its state.
 */
export function evaluateCommonJs(specifier: string): unknown {
  // One of its own: what has required a file keeps it among its children.
  const require = createRequire(import.meta.url)
  const file = require.resolve(specifier)
  delete require.cache[file]
  try {
    return require(file)
  } finally {
    delete require.cache[file]
  }
}

/**
 * Evaluates an ES module anew: a query makes it another module to Node.js. Node.js never forgets one, so the
 * glue should let go of its instance after the use, where it can.
 */
export async function evaluateEsModule<T>(specifier: string): Promise<T> {
  evaluations += 1
  return (await import(`${import.meta.resolve(specifier)}?evaluation=${evaluations}`)) as T
}
