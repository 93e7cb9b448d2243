/** Four of the demo's modules, as published: an interpreter each of JavaScript and Ruby, a database, a compiler. */
import type { DemoModule } from '@warmslot/demo/module'

export type RealModuleName = 'quickjs' | 'sqlite' | 'esbuild' | 'ruby'

export interface RealModule {
  readonly title: string
  /** An export that is cheap, and calls no import. */
  readonly cheapExport: string
  load(): Promise<DemoModule>
}

export const realModules: Readonly<Record<RealModuleName, RealModule>> = {
  // Emscripten's `__wasm_call_ctors`, under its minified name.
  quickjs: {
    title: 'quickjs',
    cheapExport: 'u',
    load: async () => (await import('@warmslot/demo/modules/quickjs')).quickjs,
  },
  // The same.
  sqlite: {
    title: 'sqlite',
    cheapExport: 'P',
    load: async () => (await import('@warmslot/demo/modules/sqlite')).sqlite,
  },
  esbuild: {
    title: 'esbuild (Go)',
    cheapExport: 'getsp',
    load: async () => (await import('@warmslot/demo/modules/esbuild')).esbuild,
  },
  ruby: {
    title: 'ruby (WASI)',
    cheapExport: 'asyncify_get_state',
    load: async () => (await import('@warmslot/demo/modules/ruby')).ruby,
  },
}
