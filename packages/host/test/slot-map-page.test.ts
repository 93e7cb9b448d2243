/** The parts of the slot map that are in the page and need no browser. */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { Departures } from '../src/slot-map/page/departures.ts'
import { EventParser } from '../src/slot-map/page/event-parser.ts'
import { difference, type Json, type JsonObject, merge } from '../src/slot-map/page/merge-patch.ts'
import { hueOf, ModuleMarks } from '../src/slot-map/page/module-marks.ts'
import { totalsOf } from '../src/slot-map/page/totals.ts'
import { bytes } from '../src/slot-map/page/wording.ts'

const keys = fc.constantFrom('0', '1', 'a', 'constructor', 'toString')
const { object } = fc.letrec<{ object: JsonObject; value: Json }>((tie) => ({
  object: fc.dictionary(keys, tie('value'), { noNullPrototype: false }),
  value: fc.oneof(fc.integer(), fc.boolean(), fc.string(), fc.array(fc.integer()), tie('object')),
}))

it('makes the later state of the earlier one and the difference', () => {
  fc.assert(
    fc.property(object, object, (before, after) => {
      const patch = difference(before, after)
      // As it goes over the wire.
      const received = patch && (JSON.parse(JSON.stringify(patch)) as Json)
      const merged = merge(structuredClone(before), received ?? {})
      expect(JSON.parse(sorted(merged))).toEqual(JSON.parse(sorted(after)))
    }),
  )
})

it('finds no difference between equal states of scalars and objects', () => {
  fc.assert(
    fc.property(fc.dictionary(keys, fc.dictionary(keys, fc.integer())), (state) => {
      expect(difference(state, structuredClone(state))).toBeUndefined()
    }),
  )
})

it('applies the examples of RFC 7396', () => {
  const examples: [Json, Json, Json][] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'foo' }, 'bar', 'bar'],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ]
  for (const [target, patch, result] of examples) expect(merge(target, patch)).toEqual(result)
})

it('reads events in whatever pieces they come', () => {
  const stream =
    '\uFEFF: a comment\r\nevent: state\r\ndata: {"a":\r\ndata:1}\r\n\r\nid: 7\nretry: 5\n\ndata:  two\rdata\r\rdata: cut'
  const whole = new EventParser().push(stream)
  expect(whole).toEqual([
    { name: 'state', data: '{"a":\n1}' },
    { name: 'message', data: ' two\n' },
  ])
  fc.assert(
    fc.property(fc.array(fc.nat(stream.length)), (cuts) => {
      const parser = new EventParser()
      const edges = [0, ...cuts.sort((one, other) => one - other), stream.length]
      const pieces = edges.slice(1).map((end, index) => stream.slice(edges[index], end))
      expect(pieces.flatMap((piece) => parser.push(piece))).toEqual(whole)
    }),
  )
})

it('gives modules hues of their UID, and codes of their own', () => {
  const hues = new Set(Array.from({ length: 100 }, (_, number) => hueOf(`module-${number}`)))
  expect(hues.size).toBeGreaterThan(75)
  const marks = new ModuleMarks()
  expect(marks.of('ruby-1', 'ruby')).toEqual({ hue: hueOf('ruby-1'), code: 'Ru' })
  expect(marks.of('ruby-2', 'ruby').code).toBe('Rb')
  expect(marks.of('ruby-1', 'ruby').code).toBe('Ru')
  const codes = Array.from({ length: 1000 }, (_, number) => marks.of(`m-${number}`, 'module').code)
  expect(new Set(codes).size).toBe(1000)
  marks.forget('ruby-1')
  expect(marks.of('ruby-3', 'ruby').code).toBe('Ru')
})

const module = (state: string): never => ({ name: 'ruby', digest: '', state, requests: 0 }) as never
const state = (startedAt: string, modules: object): never => ({ startedAt, modules }) as never

it('notices a module that is gone when the host and all slots are without it', () => {
  const departures = new Departures()
  const uids = new Set(['r'])
  const gone = (now: never): string[] => [...departures.update(now, uids).keys()]
  expect(gone(state('one', { r: module('ready'), bad: module('loading') }))).toEqual([])
  expect(gone(state('one', {}))).toEqual([])
  uids.clear()
  expect(gone(state('one', {}))).toEqual(['r'])
  expect(gone(state('one', { s: module('ready') }))).toEqual([])
  expect(gone(state('two', {}))).toEqual([])
})

it('adds up the slots of modules and workers', () => {
  const slot = { state: 'affine', warm: true, hits: 3, residentBytes: 4096, module: 'a' } as const
  const inUse = { ...slot, state: 'in-use', warm: false } as const
  const empty = { state: 'empty', warm: false, hits: 0 } as const
  const workers = { 1: { busy: false, slots: { 0: slot, 1: empty } }, 2: { busy: true, slots: { 5: inUse } } }
  const totals = totalsOf({ startedAt: '', slotsPerWorker: 8, modules: {}, workers })
  expect(Object.fromEntries(totals.modules)).toEqual({
    a: { slots: 2, warm: 1, inUse: 1, hits: 6, residentBytes: 8192 },
  })
  expect([...totals.workers]).toEqual([
    ['1', 1],
    ['2', 1],
  ])
})

it('writes bytes for people', () => {
  expect([0, 1023, 1024, 4096 * 25, 2 ** 20 * 1.5, 2 ** 32].map(bytes)).toEqual([
    '0 bytes',
    '1023 bytes',
    '1.0 KiB',
    '100 KiB',
    '1.5 MiB',
    '4.0 GiB',
  ])
})

/** With keys in order, and without a prototype. */
function sorted(value: Json): string {
  return JSON.stringify(value, (_, part: Json) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)))
      : part,
  )
}
