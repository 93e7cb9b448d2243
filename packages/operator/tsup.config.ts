import type { Options } from 'tsup'

const options: Options = {
  format: ['esm'],
  // Without `using`, which Node 22 does not know: it is rewritten.
  target: 'es2023',
  entry: ['src/index.ts', 'src/warmslot-operator.ts'],
  dts: { entry: 'src/index.ts' },
  clean: true,
  sourcemap: true,
}

export default options
