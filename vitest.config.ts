import { defineConfig } from 'vitest/config'

// One run over the whole workspace: `pnpm exec vitest run`. `pnpm turbo test` runs each package on its own.
export default defineConfig({ test: { projects: ['packages/*', 'examples'] } })
