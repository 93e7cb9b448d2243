import { defineConfig } from 'vitest/config'

export default defineConfig({ test: { name: 'index-allocator', include: ['test/**/*.test.ts'], testTimeout: 60_000 } })
