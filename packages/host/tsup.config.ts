import type { Options } from 'tsup'

const common: Options = { format: ['esm'], target: 'es2023' }

const host: Options = {
  ...common,
  // The scripts of threads are loaded by their paths, so they stay files of their own.
  entry: ['src/index.ts', 'src/warmslot.ts', 'src/worker/main.ts', 'src/cli/bench/bench-thread.ts'],
  dts: { entry: 'src/index.ts' },
  // The page is built at the same time.
  clean: ['!slot-map/**'],
  sourcemap: true,
}

/** The slot map's page: one script, and files as they are. */
const slotMapPage: Options = {
  ...common,
  entry: ['src/slot-map/page/slot-map.ts'],
  outDir: 'dist/slot-map',
  publicDir: 'src/slot-map/page/files',
  platform: 'browser',
  clean: true,
  minify: true,
}

const options: Options[] = [host, slotMapPage]

export default options
