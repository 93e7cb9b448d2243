/** Every module of the demo, lightest first. */
import type { DemoModule } from '../module.ts'
import { asSha256 } from './as-sha256.ts'
import { biome } from './biome.ts'
import { esbuild } from './esbuild.ts'
import { quickjs } from './quickjs.ts'
import { resvg } from './resvg.ts'
import { ruby } from './ruby.ts'
import { ruff } from './ruff.ts'
import { shSyntax } from './sh-syntax.ts'
import { sqlite } from './sqlite.ts'
import { swc } from './swc.ts'
import { typstyle } from './typstyle.ts'

export const demoModules: readonly DemoModule[] = [
  asSha256,
  typstyle,
  shSyntax,
  resvg,
  quickjs,
  sqlite,
  ruff,
  esbuild,
  swc,
  biome,
  ruby,
]
