/**
 * Ruby from a snapshot. All of its glue is made anew for each use, which takes microseconds, and attached to an instance that has its
 * initialisation behind it; only the import values are the same for all uses.
 *
 * What the initialisation leaves in the glue is nothing that a use would miss: no open file (checked here), no JavaScript value
 * (refused here, while it runs). Ruby's `Random` takes its seed when it is first asked, so it is fresh in each use. The seed of
 * Ruby's hash tables is not: it is part of every table there is, so all uses of one snapshot share it.
 */
import type { Engine, PooledInstance, PooledModule } from '@warmslot/engine'
import { ruby as demo, RubyGlue, script as work, startRuby } from '../modules/ruby.ts'
import { type Interpreter, type InterpreterModule, type InterpreterSnapshot, oneUse } from './interpreter.ts'
import { ruby as program } from './programs.ts'
import { SharedImports } from './shared-imports.ts'
import { StandIn } from './stand-in.ts'

/** In a file as well: the files are the glue's. */
const count =
  '$count = ($count || 0) + 1; File.write("/count", ".", mode: "a"); File.size("/count") == $count ? $count : "lost"'
const javaScriptValues = 'rb-js-abi-host'

function useOf(glue: RubyGlue, release: () => void): Interpreter {
  return oneUse(
    (script) => glue.vm.eval(script).toString(),
    () => {
      glue.end()
      release()
    },
  )
}

/** The glue's stand-in for `instance`, which calls the glue's own imports. */
function standInFor(instance: PooledInstance, shared: SharedImports, glue: RubyGlue): WebAssembly.Instance {
  const standIn = new StandIn(shared, shared.functionsOf(glue.imports))
  standIn.behind = instance.exports
  return standIn.instance
}

function refuseJavaScriptValues(imports: WebAssembly.Imports): void {
  const host = imports[javaScriptValues]!
  for (const name of Object.keys(host))
    host[name] = () => {
      throw new TypeError(`the initialisation calls ${name}: what it gets would not be in the snapshot`)
    }
}

async function takeSnapshot(
  engine: Engine,
  module: PooledModule,
  source?: string,
): Promise<InterpreterSnapshot> {
  const shared = new SharedImports(module)
  const ready = await engine.snapshot(module, shared.imports, async (instance) => {
    const glue = new RubyGlue()
    refuseJavaScriptValues(glue.imports)
    await glue.initialise(standInFor(instance, shared, glue))
    if (source !== undefined) glue.vm.eval(source)
    glue.end()
    if (glue.openFiles > 0) throw new TypeError(`the initialisation leaves ${glue.openFiles} files open`)
  })
  return {
    module: ready,
    async start() {
      const glue = new RubyGlue()
      const instance = engine.instantiate(ready, shared.imports)
      const use = useOf(glue, () => instance.release())
      try {
        await glue.attach(standInFor(instance, shared, glue))
        return use
      } catch (error) {
        use.end()
        throw error
      }
    },
  }
}

export const ruby: InterpreterModule = {
  demo,
  scripts: {
    first: { call: '6 * 7', result: '42' },
    work,
    count,
    callHost: `require "js"; JS.global.fromGuest; ${count}`,
    random: 'rand',
    difficult: [
      '(',
      'missing',
      'raise RangeError, "too far"',
      'def deep = deep + 1; deep',
      'exit 3',
      'GC.start; ENV.to_h',
      'require "js"; JS.global[:Math].sqrt(16)',
    ],
  },
  program,
  async start(instantiate, source) {
    const glue = await startRuby(instantiate)
    if (source !== undefined) glue.vm.eval(source)
    return useOf(glue, () => undefined)
  },
  takeSnapshot,
}
