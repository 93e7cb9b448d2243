import type { Options } from 'tsup'

// Both entries share the fault injector's state: splitting puts it into a chunk of its own.
const options: Options = {
  entry: ['src/index.ts', 'src/testing.ts'],
  format: ['esm'],
  target: 'es2023',
  splitting: true,
  keepNames: true,
  dts: true,
  clean: true,
  sourcemap: true,
}

export default options
