import { BaseSequencer, type TestSpecification } from 'vitest/node'
import type { ViteUserConfig } from 'vitest/config'

/** By their numbers: the last ones take a node away from the cluster, and all that was deployed. */
class ByName extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return Promise.resolve(files.toSorted((one, other) => one.moduleId.localeCompare(other.moduleId)))
  }
}

const config: ViteUserConfig = {
  test: {
    name: 'e2e',
    include: ['scenarios/*.test.ts'],
    globalSetup: 'cluster/set-up.ts',
    fileParallelism: false,
    sequence: { sequencer: ByName },
    reporters: ['verbose'],
    // Each wait has a limit of its own, and says what it saw; these are only the last resort.
    testTimeout: 900_000,
    hookTimeout: 300_000,
  },
}

export default config
