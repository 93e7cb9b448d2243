import type { Options } from 'tsup'

const options: Options = {
  entry: ['src/index.ts'],
  format: ['esm'],
  target: 'es2023',
  dts: true,
  clean: true,
  sourcemap: true,
}

export default options
