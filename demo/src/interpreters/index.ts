/** The demo's interpreters, which start from a snapshot as well. */
import type { InterpreterModule } from './interpreter.ts'
import { quickjs } from './quickjs.ts'
import { ruby } from './ruby.ts'

export type { Interpreter, InterpreterModule, InterpreterSnapshot, Program, Scripts } from './interpreter.ts'
export const interpreters: readonly InterpreterModule[] = [quickjs, ruby]
