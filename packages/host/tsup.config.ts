import type { Options } from 'tsup'

const options: Options = {
  // The scripts of threads are loaded by their paths, so they stay files of their own.
  entry: ['src/index.ts', 'src/warmslot.ts', 'src/worker/main.ts', 'src/cli/bench/bench-thread.ts'],
  format: ['esm'],
  target: 'es2023',
  dts: { entry: 'src/index.ts' },
  clean: true,
  sourcemap: true,
}

export default options
