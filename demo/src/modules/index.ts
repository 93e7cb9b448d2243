/** Every module of the demo, lightest first. */
import type { DemoModule } from '../module.ts'
import { asSha256 } from './as-sha256.ts'
import { esbuild } from './esbuild.ts'
import { quickjs } from './quickjs.ts'
import { ruby } from './ruby.ts'
import { ruff } from './ruff.ts'
import { shSyntax } from './sh-syntax.ts'
import { sqlite } from './sqlite.ts'
import { typstyle } from './typstyle.ts'

export const demoModules: readonly DemoModule[] = [
  asSha256,
  typstyle,
  shSyntax,
  quickjs,
  sqlite,
  ruff,
  esbuild,
  ruby,
]
