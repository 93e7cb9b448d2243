/**
 * Seven of the demo's modules, as published: an interpreter each of JavaScript and Ruby, a database, two compilers, a
 * renderer, a linter.
 */
import type { DemoModule } from '@warmslot/demo/module'

export type RealModuleName = 'resvg' | 'quickjs' | 'sqlite' | 'esbuild' | 'swc' | 'biome' | 'ruby'

export interface RealModule {
  readonly title: string
  /** An export that is cheap, and calls at most one import. */
  readonly cheapExport: string
  load(): Promise<DemoModule>
}

export const realModules: Readonly<Record<RealModuleName, RealModule>> = {
  // Moved by 0 bytes.
  resvg: {
    title: 'resvg',
    cheapExport: '__wbindgen_add_to_stack_pointer',
    load: async () => (await import('@warmslot/demo/modules/resvg')).resvg,
  },
  // Emscripten's `__wasm_call_ctors`, under its minified name: it calls one import.
  quickjs: {
    title: 'quickjs',
    cheapExport: 'u',
    load: async () => (await import('@warmslot/demo/modules/quickjs')).quickjs,
  },
  // The same as quickjs's.
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
  // The same as resvg's.
  swc: {
    title: 'swc',
    cheapExport: '__wbindgen_add_to_stack_pointer',
    load: async () => (await import('@warmslot/demo/modules/swc')).swc,
  },
  // Of 0 bytes at address 0, which is nothing: the size that is left out is 0 to a module.
  biome: {
    title: 'biome',
    cheapExport: '__wbindgen_free',
    load: async () => (await import('@warmslot/demo/modules/biome')).biome,
  },
  ruby: {
    title: 'ruby (WASI)',
    cheapExport: 'asyncify_get_state',
    load: async () => (await import('@warmslot/demo/modules/ruby')).ruby,
  },
}
