/** What the host does with views of a memory: within, at its border, beyond, after growth, after release. */
import { deepStrictEqual, throws } from 'node:assert/strict'

import type { Anything, Case, Use, World } from '../case.ts'
import { pageBytes } from '../world.ts'

const text = '(module (memory (export "m") 1 4) (memory (export "n") 1 4) (data (i32.const 65533) "end"))'

/** Runs attempts one by one; each result, or the class and message of its error, is an outcome. */
export function attempts(...runs: (() => unknown)[]): unknown[] {
  return runs.map((run) => {
    try {
      const value = run()
      return typeof value === 'number' || typeof value === 'bigint' || value == null
        ? value
        : JSON.stringify(value)
    } catch (error) {
      return `${(error as Error).constructor.name}: ${(error as Error).message}`
    }
  })
}

/** A case over the buffer of a memory of one page, on both sides. */
function over(name: string, run: (buffer: ArrayBuffer, use: Use) => unknown): Case {
  return {
    name,
    async run({ open }: World) {
      const use = await open(text)
      const result = await run(use.memories[0]!.buffer, use)
      use.end()
      return result
    },
  }
}

// oxfmt-ignore
const kinds = [
  Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array,
  Float32Array, Float64Array, BigInt64Array, BigUint64Array,
]

const element = (view: Anything): Anything => (typeof view[0] === 'bigint' ? 7n : 7)

const typedArrays = kinds.map((Kind) =>
  over(`${Kind.name}: elements, and views at, across and beyond the end`, (buffer) => {
    const size = Kind.BYTES_PER_ELEMENT
    const whole: Anything = new Kind(buffer)
    const last: Anything = new Kind(buffer, pageBytes - size)
    const length = pageBytes / size
    return attempts(
      () => whole.length,
      ...[0, length - 1, length, length + 1, 2 ** 31, -1].flatMap((at) => [
        () => String(whole[at]),
        () => (whole[at] = element(whole)) && String(whole.at(at)),
        () => String(whole.with(at, element(whole)).length),
      ]),
      () => last.length,
      () => new Kind(buffer, pageBytes).length,
      () => new Kind(buffer, pageBytes + size),
      () => new Kind(buffer, pageBytes - size, 2),
      () => new Kind(buffer, 0, length + 1),
      () => new Kind(buffer, 0, 2 ** 40),
      () => new Kind(buffer, 1).length,
      () => whole.set([element(whole), element(whole)], length - 1),
      () => whole.set(whole.subarray(0, 2), length - 2),
      () => whole.set(new Kind(2), 2 ** 33),
      () => String(whole.copyWithin(length - 3, 0, 100).at(-1)),
      () => String(whole.fill(element(whole), length - 2, length + 100).at(-1)),
      () => whole.subarray(length - 1, length + 5).length,
      () => whole.slice(length - 1, 2 ** 40).length,
      () => whole.indexOf(element(whole)),
      () => whole.lastIndexOf(element(whole), 2 ** 40),
      () => whole.reduce((sum: number, one: Anything) => sum + Number(one), 0),
      () => String(whole.toSorted().at(-1)),
      () => String(whole.toReversed()[0]),
      () => [...whole.entries()].length,
      () => whole.join('').length,
    )
  }),
)

const getters = [
  'Int8',
  'Uint8',
  'Int16',
  'Uint16',
  'Int32',
  'Uint32',
  'Float32',
  'Float64',
  'BigInt64',
  'BigUint64',
]

const beyond: readonly Case[] = [
  over('DataView: every getter and setter at, across and beyond the end', (buffer) => {
    const view: Anything = new DataView(buffer)
    return getters.flatMap((kind) =>
      [
        0,
        1,
        ...[-9, -8, -7, -4, -3, -2, -1, 0, 1].map((step) => pageBytes + step),
        2 ** 31,
        2 ** 32,
        2 ** 53,
      ].flatMap((at) =>
        attempts(
          () => String(view[`get${kind}`](at, true)),
          () => view[`set${kind}`](at, kind.startsWith('Big') ? 3n : 3),
        ),
      ),
    )
  }),
  over('DataView: made across and beyond the end', (buffer) =>
    attempts(
      () => new DataView(buffer, pageBytes).byteLength,
      () => new DataView(buffer, pageBytes + 1),
      () => new DataView(buffer, pageBytes - 1, 2),
      () => new DataView(buffer, 0, 2 ** 32),
    ),
  ),
  over('Buffer: reads and writes at, across and beyond the end', (buffer) => {
    const bytes: Anything = Buffer.from(buffer)
    return attempts(
      ...[pageBytes - 8, pageBytes - 4, pageBytes - 3, pageBytes - 1, pageBytes, 2 ** 31, -1].flatMap(
        (at) => [
          () => bytes.readUInt8(at),
          () => bytes.readInt32LE(at),
          () => bytes.readDoubleBE(at),
          () => String(bytes.readBigUInt64LE(at)),
          () => bytes.readUIntBE(at, 6),
          () => bytes.writeUInt8(1, at),
          () => bytes.writeInt32BE(1, at),
          () => bytes.writeDoubleLE(1, at),
          () => bytes.writeBigInt64LE(1n, at),
          () => bytes.write('text', at),
        ],
      ),
      () => Buffer.from(buffer, pageBytes - 1, 2),
      () => Buffer.from(buffer, pageBytes + 1),
    )
  }),
  over('ArrayBuffer: slice, resize, properties', (buffer: Anything) =>
    attempts(
      () => buffer.slice(pageBytes - 1, 2 ** 40).byteLength,
      () => buffer.slice(-3).byteLength,
      () => buffer.resize(10),
      () => buffer.resize(2 ** 32),
      () => String([buffer.resizable, buffer.maxByteLength, buffer.detached]),
      () => (buffer.byteLength = 5),
    ),
  ),
  over('Atomics on every kind of view; waiting is refused', (buffer) =>
    kinds.flatMap((Kind) => {
      const view: Anything = new Kind(buffer)
      const { length } = view
      const value = element(view)
      return [0, length - 1, length, -1].flatMap((at) =>
        attempts(
          () => String(Atomics.load(view, at)),
          () => String(Atomics.store(view, at, value as never)),
          ...(['add', 'sub', 'and', 'or', 'xor', 'exchange'] as const).map(
            (operation) => () => String(Atomics[operation](view, at, value as never)),
          ),
          () => String(Atomics.compareExchange(view, at, value as never, value as never)),
          () => Atomics.wait(view, at, value as never, 0),
          () => Atomics.waitAsync(view, at, value as never, 0).value,
          () => Atomics.notify(view, at, 1),
        ),
      )
    }),
  ),
  over('growth: the old buffer is detached, every view of it empty', (buffer, { memories }) => {
    const views: Anything[] = [...kinds.map((Kind) => new Kind(buffer)), Buffer.from(buffer)]
    const data = new DataView(buffer)
    memories[0]!.grow(1)
    return attempts(
      () => String([(buffer as Anything).detached, buffer.byteLength, memories[0]!.buffer.byteLength]),
      ...views.flatMap((view) => [
        () => String([view.length, view[0], view.byteOffset]),
        () => (view[0] = element(view)) && 0,
        () => view.set([1]),
        () => view.fill(0),
        () => view.subarray(0, 1).length,
        () => Atomics.load(view, 0),
      ]),
      () => data.getInt8(0),
      () => data.byteLength,
      () => new Uint8Array(buffer),
      () => buffer.slice(0),
      () => structuredClone(buffer),
    )
  }),
  over('growth to the limit, page by page, and beyond', (_buffer, { memories: [memory] }) =>
    attempts(
      ...[1, 1, 0, 1, 1, 2 ** 16, 2 ** 32, -1, Number.NaN, Infinity].map((delta) => () => [
        memory!.grow(delta),
        memory!.buffer.byteLength,
        new Uint8Array(memory!.buffer).at(-1),
        new Uint8Array(memory!.buffer).fill(1).at(-1),
      ]),
    ),
  ),
  over(
    "methods of WebAssembly.Memory's prototype (on a handle they throw, by design)",
    (_buffer, { memories: [memory], pooled }) => {
      const { prototype } = WebAssembly.Memory as Anything
      // On a handle they refuse the receiver, which V8's own memories are: only that nothing dies is looked at.
      const outcomes = attempts(
        () => prototype.grow.call(memory, 1),
        () => Reflect.get(prototype, 'buffer', memory).byteLength,
        () => prototype.toResizableBuffer?.call(memory).byteLength,
        () => prototype.toFixedLengthBuffer?.call(memory).byteLength,
      )
      if (pooled)
        deepStrictEqual(
          outcomes.slice(0, 2).every((one) => /TypeError/.test(String(one))),
          true,
        )
      return outcomes.length
    },
  ),
]

const afterRelease: readonly Case[] = [
  {
    name: 'release: every buffer is detached, every view of it empty',
    only: 'pool',
    async run({ open }) {
      const { memories, end } = await open(text)
      const buffers = memories.map(({ buffer }) => buffer)
      memories[0]!.grow(1)
      buffers.push(memories[0]!.buffer)
      const views: Anything[] = buffers.slice(1).flatMap((buffer) => kinds.map((Kind) => new Kind(buffer)))
      const data = new DataView(buffers.at(-1)!)
      end()
      for (const buffer of buffers)
        deepStrictEqual([buffer.byteLength, (buffer as Anything).detached], [0, true])
      for (const view of views) {
        deepStrictEqual([view.length, view[0]], [0, undefined])
        throws(() => view.fill(0), TypeError)
        throws(() => Atomics.store(view, 0, 1), TypeError)
      }
      throws(() => data.getUint8(0), TypeError)
      for (const buffer of buffers) throws(() => new Uint8Array(buffer), TypeError)
    },
  },
  ...(['transfer', 'transferToFixedLength'] as const).map((method): Case => ({
    name: `buffer.${method}(): the view goes on, the slot's memory is given up`,
    only: 'pool',
    async run({ open }) {
      for (const length of [undefined, 10, 2 * pageBytes, 0]) {
        const { memories, end } = await open(text)
        const moved = (memories[0]!.buffer as Anything)[method](length) as ArrayBuffer
        const view = new Uint8Array(moved).fill(9)
        end()
        // What the other one still has is no tenant's memory.
        view.fill(8)
        deepStrictEqual(view.byteLength, length ?? pageBytes)
      }
    },
  })),
  {
    name: 'a view in use by a sort, a callback and an iterator while the memory grows',
    async run({ open }) {
      const { memories, end } = await open(text)
      const [memory] = memories
      const grow = (): number => {
        memory!.grow(1)
        return 0
      }
      const fresh = (): Uint8Array => new Uint8Array(memory!.buffer)
      const outcomes = attempts(
        () => fresh().sort(grow).length,
        () => fresh().map(grow).length,
        // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- it is converted to a number
        () => fresh().fill({ valueOf: grow } as never).length,
        () => fresh().length,
      )
      end()
      return outcomes
    },
  },
]

export const hostViews: readonly Case[] = [...typedArrays, ...beyond, ...afterRelease]
