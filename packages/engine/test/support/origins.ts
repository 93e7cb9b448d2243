/** The ways in which a module can come into an engine, for tests that must hold for each. */
import type { Engine, PooledModule } from '../../src/index.ts'

export type Origin = 'compiled' | 'serialized' | 'shared'

export const origins: readonly Origin[] = ['compiled', 'serialized', 'shared']

export async function moduleFrom(
  origin: Origin,
  engine: Engine,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<PooledModule> {
  const compiled = await engine.compile(bytes)
  if (origin === 'compiled') return compiled
  const carried = await (origin === 'serialized' ? compiled.serialize() : compiled.share())
  const module = await engine.deserialize(carried)
  await compiled.dispose()
  return module
}
