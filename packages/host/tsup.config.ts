import type { Options } from 'tsup'

const options: Options = {
  // The worker's script is loaded by its path, so it stays a file of its own.
  entry: ['src/index.ts', 'src/warmslot.ts', 'src/worker/main.ts'],
  format: ['esm'],
  target: 'es2023',
  dts: { entry: 'src/index.ts' },
  clean: true,
  sourcemap: true,
}

export default options
