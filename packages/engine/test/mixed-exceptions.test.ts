/** What V8 of Node 26 does not accept every time. The words are V8's; which module gets them is decided by its threads, so they are given here. */
import { expect, it } from 'vitest'

import { UnsupportedModuleError } from '../src/index.ts'
import { explained } from '../src/runtime/compiled-module.ts'

it('names the mixture of exception handling where V8 refuses the rewritten module for it', () => {
  const words =
    'WebAssembly.compile(): Compiling function #2 failed: module uses a mix of legacy and new exception handling instructions @+355'
  const error = explained(new WebAssembly.CompileError(words))
  expect(UnsupportedModuleError.isInstance(error)).toBe(true)
  expect(String(error)).toContain('it mixes legacy and standard exception handling')
  expect(String(error)).not.toContain('defect')
})
