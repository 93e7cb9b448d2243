/** What the bench takes for granted of each published module. */
import { stubFunctionImports } from '@warmslot/demo/native'
import { describe, expect, it } from 'vitest'

import { full } from '../src/amounts.ts'
import { realModules } from '../src/real-calls/real-modules.ts'
import { callExport } from '../src/uses/use-case.ts'

describe('the cheap export', () => {
  it.each(full.realModules)('of %s is there, and calls at most one import', async (name) => {
    const { load, cheapExport } = realModules[name]
    const { bytes, importedMemory } = await load()
    const module = await WebAssembly.compile(await bytes())
    const imports = stubFunctionImports(module)
    const called: string[] = []
    for (const functions of Object.values(imports)) {
      for (const of of Object.keys(functions)) functions[of] = () => called.push(of)
    }
    if (importedMemory !== undefined) {
      const { initialPages: initial, maximumPages: maximum } = importedMemory
      imports[importedMemory.module]![importedMemory.name] = new WebAssembly.Memory({ initial, maximum })
    }
    const { exports } = new WebAssembly.Instance(module, imports)
    expect(callExport(exports, cheapExport, 0)).toBeTypeOf('number')
    expect(called.length).toBeLessThanOrEqual(1)
  })
})
