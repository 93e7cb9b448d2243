/** Every limit has an error that names it, its value, and the option that sets it. */

import { expect, test } from 'vitest'
import { MemoryImage, mappingsPerReservation, mappingsPerSlot, RawReservation } from '@warmslot/memory-image'
import * as pooling from '../src/index.ts'
import { MappingBudget } from '../src/mapping-budget.ts'
import { imageOf, moduleOf, PAGE, poolOf, wideModuleOf } from './support.ts'

const { Pool, PoolExhaustedError, LimitExceededError } = pooling

function thrownBy(action: () => unknown): Error & Record<string, unknown> {
  try {
    action()
  } catch (error) {
    return error as Error & Record<string, unknown>
  }
  throw new Error('nothing was thrown')
}

test('pool exhausted: what is needed, what is there, and what to do', async () => {
  await using pool = poolOf({ slots: 2 })
  const { module } = moduleOf(pool, 1)
  const wide = wideModuleOf(pool, 2)
  using _lease = pool.acquire(module)
  const error = thrownBy(() => pool.acquire(wide))
  expect(error).toMatchObject({
    name: 'PoolExhaustedError',
    code: 'WARMSLOT_POOL_EXHAUSTED',
    option: 'slots',
    limit: 2,
    needed: 2,
    available: 1,
    retired: 0,
    waiting: 0,
  })
  expect(error.message).toBe(
    'Pool exhausted: 1 of 2 needed slots are free; the pool has 2 slots (option "slots"). ' +
      'Release leases sooner, raise "slots", or wait with acquireWhenFree().',
  )
  expect(pool.metrics()).toMatchObject({ exhausted: 1, inUse: 1 })
})

test('too many modules', async () => {
  await using pool = poolOf({ maxModules: 1 })
  const { module } = moduleOf(pool, 1)
  const error = thrownBy(() => moduleOf(pool, 2))
  expect(error).toMatchObject({
    code: 'WARMSLOT_LIMIT_EXCEEDED',
    option: 'maxModules',
    limit: 1,
    requested: 2,
  })
  expect(error.message).toContain('option "maxModules"')
  await pool.purge(module)
  moduleOf(pool, 3)
})

test('a module that can never fit', async () => {
  await using pool = poolOf({ slots: 2, slotBytes: 2 * PAGE })
  using image = imageOf(1)
  const memory = { image, initialBytes: PAGE }
  expect(thrownBy(() => pool.register({ memories: [memory, memory, memory] }))).toMatchObject({
    option: 'slots',
    limit: 2,
    requested: 3,
  })
  expect(thrownBy(() => pool.register({ memories: [{ image, initialBytes: 3 * PAGE }] }))).toMatchObject({
    code: 'WARMSLOT_LIMIT_EXCEEDED',
    option: 'slotBytes',
    limit: 2 * PAGE,
    requested: 3 * PAGE,
  })
  expect(image.references).toBe(1) // no reference is kept by what failed
})

test('sizes that cannot be', async () => {
  await using pool = poolOf()
  using image = MemoryImage.fromBytes(Uint8Array.of(1), { offset: PAGE })
  const register = (sizes: { initialBytes: number; maximumBytes?: number }) => () =>
    pool.register({ memories: [{ image, ...sizes }] })
  for (const initialBytes of [-1, 1, NaN, 1.5 * PAGE, Infinity, PAGE /* the image lies beyond */]) {
    expect(thrownBy(register({ initialBytes }))).toMatchObject({
      code: 'WARMSLOT_INVALID_OPTION',
      option: 'initialBytes',
    })
  }
  expect(thrownBy(register({ initialBytes: 2 * PAGE, maximumBytes: PAGE }))).toMatchObject({
    option: 'maximumBytes',
  })
  expect(image.references).toBe(1)
})

test('a module with a closed image is refused, and keeps no other image', async () => {
  await using pool = poolOf()
  using open = imageOf(1)
  const closed = imageOf(2)
  closed.release()
  const memories = [open, closed].map((image) => ({ image, initialBytes: PAGE }))
  expect(thrownBy(() => pool.register({ memories })).code).toBe('WARMSLOT_IMAGE_CLOSED')
  expect(open.references).toBe(1)
  expect(pool.metrics().modules).toEqual([])
})

test.each([
  ['slots', [0, -1, 1.5, NaN, 1_048_577, '3']],
  ['slotBytes', [0, 1, PAGE + 1, NaN, -PAGE]],
  ['resetBatchSize', [0, 1.5, 1_025]],
  ['keepResidentBytes', [-1, 0.5]],
  ['purgeSliceMs', [0, -1, NaN, 1_001]],
  ['waitMs', [-1, NaN, 2 ** 31]],
  ['maxWaiting', [-1, 0.5]],
  ['maxModules', [0, 0.5]],
])('option %s is checked', (option, values) => {
  for (const value of values) {
    const error = thrownBy(() => new Pool({ slots: 1, slotBytes: PAGE, [option]: value }))
    expect(error).toMatchObject({ name: 'InvalidOptionError', code: 'WARMSLOT_INVALID_OPTION', option })
    expect(error.message).toContain(`"${option}"`)
  }
})

test('a reservation that is too small is refused and given back', async () => {
  let made: RawReservation | undefined
  await using pool = poolOf({ createReservation: () => (made = new RawReservation(PAGE)) })
  const { module } = moduleOf(pool, 1)
  expect(thrownBy(() => pool.acquire(module))).toMatchObject({
    code: 'WARMSLOT_LIMIT_EXCEEDED',
    option: 'slotBytes',
    limit: PAGE,
  })
  expect(made!.byteLength).toBe(0)
  expect(pool.metrics()).toMatchObject({ inUse: 0, retired: 0 })
})

test('modules of another pool are not taken', async () => {
  await using pool = poolOf()
  await using other = poolOf()
  const { module } = moduleOf(other, 1)
  for (const use of [() => pool.acquire(module), () => pool.purge(module)]) {
    expect(thrownBy(use).code).toBe('WARMSLOT_FOREIGN_MODULE')
  }
})

test('the budget of mappings is looked at rarely, and refuses before the kernel does', () => {
  const perSlot = mappingsPerReservation + mappingsPerSlot
  let now = 0
  let mappings = 1_000
  let looks = 0
  const counts = { count: () => ((looks += 1), mappings), limit: () => 10_000 }
  const budget = new MappingBudget(() => now, counts)
  let slots = 0
  const error = thrownBy(() => {
    for (;;) {
      budget.spend()
      slots += 1
      mappings += perSlot
    }
  })
  expect(error).toMatchObject({ code: 'WARMSLOT_LIMIT_EXCEEDED', option: 'vm.max_map_count', limit: 10_000 })
  expect(slots).toBe(Math.floor(8_000 / perSlot))
  expect(looks).toBeLessThan(15)
  const before = looks
  expect(() => budget.spend()).toThrow(LimitExceededError)
  expect(looks).toBe(before) // not again within a tenth of a second
  now = 200
  mappings = 1_000
  budget.spend()
})

test('errors are recognised across copies of the package', () => {
  const error = new PoolExhaustedError({ slots: 1, needed: 1, available: 0, retired: 0, waiting: 0 })
  expect(PoolExhaustedError.isInstance(error)).toBe(true)
  expect(LimitExceededError.isInstance(error)).toBe(false)
  expect(PoolExhaustedError.isInstance({ code: error.code })).toBe(false)
  expect(PoolExhaustedError.isInstance(null)).toBe(false)
  const foreign = Object.defineProperty(
    new Error('from another copy'),
    Symbol.for('@warmslot/pooling/error'),
    {
      value: 'PoolExhaustedError',
    },
  )
  expect(PoolExhaustedError.isInstance(foreign)).toBe(true)
})

test('every exported error has a code of its own', () => {
  const errors = Object.entries(pooling).filter(([name]) => name.endsWith('Error'))
  expect(errors).toHaveLength(9)
  expect(
    errors.every(([, value]) => typeof (value as { isInstance?: unknown }).isInstance === 'function'),
  ).toBe(true)
})
