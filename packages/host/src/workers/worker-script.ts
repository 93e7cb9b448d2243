/** Where the worker's script is: beside this package's other files, built or not. */
export const workerScript: URL = import.meta.url.endsWith('.ts')
  ? new URL('../worker/main.ts', import.meta.url)
  : new URL('./worker/main.js', import.meta.url)
