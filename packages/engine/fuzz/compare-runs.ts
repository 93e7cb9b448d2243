/**
 * Runs one module on plain V8 and on the pool, twice each, with the same imports and calls, and compares all that shows.
 *
 * Either side can be stopped when it takes too long, and comes first then: V8 by the time limit of a script, which does not stop
 * tail calls, or an engine with deadlines, which stops everything.
 */
import { Script } from 'node:vm'

import type { ModuleStructure } from '../src/binary/module-structure.ts'
import { parseModule } from '../src/binary/parse-module.ts'
import type { Engine, PooledModule } from '../src/index.ts'
import { callExports } from './call-exports.ts'
import type { Finding } from './finding.ts'
import { slotPages, withoutNumbers } from './finding.ts'
import type { Random } from './random.ts'
import type { Bytes } from './sections.ts'
import { StubImports } from './stub-imports.ts'

/** How long the side that comes first may take for all calls; what takes longer is not run on the other. */
const firstMs = 100

const uses = 2

export interface Comparison {
  /** In a word, what came of the native run; `undefined` when it was not tried. */
  readonly outcome: string | undefined
  readonly finding?: Finding
}

declare global {
  // oxlint-disable-next-line no-var -- the script below finds it by this name
  var warmslotFuzzRun: (() => void) | undefined
}
const limited = new Script('warmslotFuzzRun()')

/** Runs it as long as it may take; false if it took longer. V8 can stop a loop of WebAssembly, as it can one of JavaScript. */
function withinTime(run: () => void): boolean {
  globalThis.warmslotFuzzRun = run
  try {
    limited.runInThisContext({ timeout: firstMs })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return false
    throw error
  } finally {
    globalThis.warmslotFuzzRun = undefined
  }
}

/** @param deadlines whether the engine has them, and runs the module first */
export function compareRuns(
  engine: Engine,
  native: WebAssembly.Module,
  pooled: PooledModule,
  bytes: Bytes,
  random: Random,
  deadlines: boolean,
): Comparison {
  const structure = parsed(bytes)
  if (!comparable(structure)) return { outcome: undefined }
  const seed = random.next()
  const onV8 = (): string[] | undefined => runsOnV8(native, structure, seed)
  const onPool = (): string[] | undefined => runsOnPool(engine, pooled, structure, seed, deadlines)
  const first = deadlines ? onPool() : onV8()
  const second = first && (deadlines ? onV8() : onPool())
  if (!first || !second) return { outcome: 'endless' }
  // How deep the stack goes differs, and with it all that happened before its end.
  if ([...first, ...second].some((one) => one.includes('Maximum call stack size exceeded')))
    return { outcome: 'deep' }
  const [expected, actual] = deadlines ? [second, first] : [first, second]
  const use = expected.findIndex((text, index) => text !== actual[index])
  if (use >= 0) return { outcome: 'different', finding: difference(expected[use]!, actual[use]!, use) }
  return { outcome: withoutNumbers(/"error":"[^"]*"/.exec(expected[0]!)?.[0] ?? 'fine') }
}

/** What shows in each use; `undefined` if it took too long. */
function runsOnV8(
  native: WebAssembly.Module,
  structure: ModuleStructure,
  seed: number,
): string[] | undefined {
  const imports = new StubImports(structure, seed)
  const text: string[] = []
  const finished = withinTime(() => {
    for (let use = 0; use < uses; use++) {
      imports.log.length = 0
      const instantiate = (): WebAssembly.Exports =>
        new WebAssembly.Instance(native, imports.native()).exports
      // At once: the next use empties the log.
      text.push(JSON.stringify(callExports(instantiate, structure, imports.log, seed)))
    }
  })
  return finished ? text : undefined
}

function runsOnPool(
  engine: Engine,
  module: PooledModule,
  structure: ModuleStructure,
  seed: number,
  deadlines: boolean,
): string[] | undefined {
  const imports = new StubImports(structure, seed)
  const text: string[] = []
  for (let use = 0; use < uses; use++) {
    imports.log.length = 0
    let release: (() => void) | undefined
    try {
      const instantiate = (): WebAssembly.Exports => {
        const instance = engine.instantiate(module, imports.pooled, deadlines ? { deadlineMs: firstMs } : {})
        release = () => instance.release()
        return instance.exports
      }
      text.push(JSON.stringify(callExports(instantiate, structure, imports.log, seed)))
    } finally {
      release?.()
    }
  }
  return text.some((one) => one.includes('DeadlineExceededError')) ? undefined : text
}

function parsed(bytes: Bytes): ModuleStructure {
  const steps = parseModule(bytes)
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/**
 * A pooled memory grows to the slot's size at most, and fails beyond it: only modules that declare less can be compared. One
 * that imports two memories under one name gets one memory for both on plain V8, and two where they are left out.
 */
function comparable({ memories, tables, exports, imports }: ModuleStructure): boolean {
  const names = imports
    .filter(({ kind }) => kind === 'memory')
    .map(({ module, name }) => `${module}\0${name}`)
  return (
    new Set(names).size === names.length &&
    memories.every(({ limits }) => (limits.maximum ?? Infinity) <= slotPages) &&
    tables.every(({ limits }) => limits.minimum <= 10_000) &&
    exports.length < 200
  )
}

function difference(expected: string, actual: string, use: number): Finding {
  let at = 0
  while (at < expected.length && expected[at] === actual[at]) at++
  const around = (text: string): string => text.slice(Math.max(0, at - 200), at + 200)
  return {
    kind: `ran differently: ${withoutNumbers(expected.slice(at, at + 25))} / ${withoutNumbers(actual.slice(at, at + 25))}`,
    details: `use ${use}, character ${at}\nV8:   ${around(expected)}\npool: ${around(actual)}`,
  }
}
