import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Condition,
  type ConditionUpdate,
  findCondition,
  isTrue,
  removeCondition,
  setCondition,
} from '../../src/index.ts'

const at = (minute: number): Date => new Date(Date.UTC(2026, 0, 1, 12, minute, 0, 789))
const ready: ConditionUpdate = {
  type: 'Ready',
  status: 'True',
  reason: 'Loaded',
  message: 'all',
  observedGeneration: 1,
}

describe('set', () => {
  test('a new one comes last, with the time in whole seconds', () => {
    const conditions = setCondition(setCondition(undefined, { ...ready, type: 'First' }, at(1)), ready, at(2))
    expect(conditions.map(({ type }) => type)).toEqual(['First', 'Ready'])
    expect(conditions[1]).toEqual({ ...ready, lastTransitionTime: '2026-01-01T12:02:00Z' })
  })

  test('its time changes only with its status', () => {
    const first = setCondition([], ready, at(1))
    const said = setCondition(
      first,
      { ...ready, reason: 'Other', message: 'else', observedGeneration: 2 },
      at(2),
    )
    expect(said[0]).toEqual({
      ...ready,
      reason: 'Other',
      message: 'else',
      observedGeneration: 2,
      lastTransitionTime: first[0]!.lastTransitionTime,
    })
    const changed = setCondition(said, { ...ready, status: 'Unknown' }, at(3))
    expect(changed[0]!.lastTransitionTime).toBe('2026-01-01T12:03:00Z')
  })

  test('the same again is the same list', () => {
    const conditions = setCondition([], ready, at(1))
    expect(setCondition(conditions, { ...ready }, at(2))).toBe(conditions)
    expect(setCondition(conditions, { ...ready, observedGeneration: 2 }, at(2))).not.toBe(conditions)
  })

  test('a message that is too long is cut by characters, and then stays the same', () => {
    const conditions = setCondition([], { ...ready, message: '🌍'.repeat(40_000) }, at(1))
    expect([...conditions[0]!.message]).toHaveLength(32_768)
    expect(conditions[0]!.message.endsWith('🌍…')).toBe(true)
    expect(setCondition(conditions, { ...ready, message: '🌍'.repeat(40_000) }, at(2))).toBe(conditions)
    const exact = '🌍'.repeat(32_768)
    expect(setCondition([], { ...ready, message: exact }, at(1))[0]!.message).toBe(exact)
  })

  test.each<[string, Partial<ConditionUpdate>]>([
    ['type', { type: '' }],
    ['type', { type: 'no spaces' }],
    ['type', { type: 'Example.com/Ready' }],
    ['type', { type: 'x'.repeat(317) }],
    ['status', { status: 'true' as 'True' }],
    ['reason', { reason: '' }],
    ['reason', { reason: 'Not-this' }],
    ['reason', { reason: 'Ends:' }],
    ['reason', { reason: '1First' }],
    ['reason', { reason: 'x'.repeat(1_025) }],
    ['observedGeneration', { observedGeneration: -1 }],
    ['observedGeneration', { observedGeneration: 0.5 }],
  ])('a wrong %s is refused', (field, wrong) => {
    expect(() => setCondition([], { ...ready, ...wrong }, at(1))).toThrow(`A condition's "${field}" must be`)
  })

  test.each<Partial<ConditionUpdate>>([
    { type: 'example.com/Ready' },
    { type: 'x'.repeat(316) },
    { reason: 'A' },
    { reason: 'With:colon,comma_underscore1' },
    { reason: 'x'.repeat(1_024) },
    { observedGeneration: 0 },
  ])('%o is taken', (part) => {
    expect(setCondition([], { ...ready, ...part }, at(1))).toMatchObject([part])
  })
})

test('random updates: one of each type, in the order in which they came, and a time that is that of the last change of status', () => {
  const updates = fc.record({
    type: fc.constantFrom('A', 'B', 'C'),
    status: fc.constantFrom('True', 'False', 'Unknown' as const),
    reason: fc.constantFrom('One', 'Two'),
    message: fc.constantFrom('', 'x'),
  })
  fc.assert(
    fc.property(fc.array(updates), (history) => {
      let conditions: readonly Condition[] = []
      const model = new Map<string, { status: string; time: string }>()
      for (const [minute, update] of history.entries()) {
        const before = JSON.stringify(conditions)
        const next = setCondition(conditions, update, at(minute))
        expect(JSON.stringify(conditions)).toBe(before)
        conditions = next
        if (model.get(update.type)?.status !== update.status)
          model.set(update.type, { status: update.status, time: `${at(minute).toISOString().slice(0, 19)}Z` })
        expect(findCondition(conditions, update.type)).toMatchObject(update)
      }
      expect(
        conditions.map(({ type, status, lastTransitionTime }) => [type, status, lastTransitionTime]),
      ).toEqual([...model].map(([type, { status, time }]) => [type, status, time]))
    }),
  )
})

test('find, is true, remove', () => {
  const conditions = setCondition(
    setCondition([], ready, at(1)),
    { ...ready, type: 'Other', status: 'False' },
    at(1),
  )
  expect(findCondition(conditions, 'Other')?.status).toBe('False')
  expect(findCondition(undefined, 'Other')).toBeUndefined()
  expect([
    isTrue(conditions, 'Ready'),
    isTrue(conditions, 'Other'),
    isTrue(conditions, 'None'),
    isTrue(undefined, 'Ready'),
  ]).toEqual([true, false, false, false])
  expect(removeCondition(conditions, 'Ready').map(({ type }) => type)).toEqual(['Other'])
  expect(removeCondition(conditions, 'None')).toBe(conditions)
})
