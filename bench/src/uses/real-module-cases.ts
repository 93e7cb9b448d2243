/**
 * Published modules with imports that do nothing: instantiation, and one export that is cheap. What the
 * modules do for a living is in `src/real-calls`.
 */
import { Engine } from '@warmslot/engine'
import { prepareNativeInstantiation, stubFunctionImports } from '@warmslot/demo/native'

import type { Amounts } from '../amounts.ts'
import { type RealModule, realModules } from '../real-calls/real-modules.ts'
import { callExport, type PreparedCase, type UseCase } from './use-case.ts'

async function prepare({ load, cheapExport }: RealModule, sameImports: boolean): Promise<PreparedCase> {
  const demo = await load()
  const bytes = await demo.bytes()
  const compiled = await WebAssembly.compile(bytes)
  const instantiate = prepareNativeInstantiation(compiled, demo)
  const engine = new Engine({ slots: 4 })
  const module = await engine.compile(bytes, { label: demo.name })
  // What glue makes anew for each use is functions; made here, since that is not what is timed.
  const given = Array.from({ length: sameImports ? 1 : 64 }, () => stubFunctionImports(compiled))
  let turn = 0
  return {
    native: () => callExport(instantiate().exports, cheapExport, 0),
    pooled() {
      turn = (turn + 1) % given.length
      const instance = engine.instantiate(module, given[turn])
      const result = callExport(instance.exports, cheapExport, 0)
      instance.release()
      return result
    },
    engine,
  }
}

export function realModuleCases({ realModules: names, usesOfRealModule }: Amounts): UseCase[] {
  return names.flatMap((name) => {
    const real = realModules[name]
    return [
      {
        name,
        title: `${real.title}, the same imports at each use`,
        uses: usesOfRealModule,
        prepare: () => prepare(real, true),
      },
      {
        name: `${name}-new-imports`,
        title: `${real.title}, new imports at each use`,
        uses: usesOfRealModule,
        prepare: () => prepare(real, false),
      },
    ]
  })
}
