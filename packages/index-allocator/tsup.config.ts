import type { Options } from 'tsup'

const options: Options = {
  entry: { index: 'src/index.ts', conformance: 'src/conformance/index.ts' },
  format: ['esm'],
  target: 'es2023',
  dts: true,
  clean: true,
  sourcemap: true,
}

export default options
