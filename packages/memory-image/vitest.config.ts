import { defineConfig } from 'vitest/config'

export default defineConfig({ test: { name: 'memory-image', include: ['test/**/*.test.ts'], testTimeout: 60_000 } })
