import type { ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = {
  test: { name: 'index-allocator', include: ['test/**/*.test.ts'], testTimeout: 60_000 },
}

export default config
