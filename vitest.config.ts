import type { ViteUserConfig } from 'vitest/config'

// One run over the whole workspace: `pnpm exec vitest run`. `pnpm turbo test` runs each package on its own.
const config: ViteUserConfig = { test: { projects: ['packages/*', 'examples', 'bench'] } }

export default config
