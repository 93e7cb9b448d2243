import type { ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = {
  test: {
    name: 'operator',
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/api-server/global-setup.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
}

export default config
