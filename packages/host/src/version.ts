/** The version of this package. */
import { createRequire } from 'node:module'

/** By the package's own name: the way to package.json is another one from src/ than from dist/. */
export function version(): string {
  const require = createRequire(import.meta.url)
  return (require('@warmslot/host/package.json') as { version: string }).version
}
