/**
 * Every instruction that takes an address, as WebAssembly text: what it accesses, and how it is wrapped into a function
 * from an address to an i64. Source: WebAssembly core specification 3.0, section 4.6.9, and the threads proposal.
 */
/* oxlint-disable unicorn/no-useless-spread, oxc/no-map-spread -- lists in lines that belong together */

export interface Instruction {
  readonly name: string
  readonly family: string
  /** How many bytes it accesses. */
  readonly bytes: number
  /** The expression, of type i64, for memory number `memory` and a static offset; `local.get 0` is the address. */
  text(memory: number, offset: number): string
}

type Type = 'i32' | 'i64' | 'f32' | 'f64'

const address = '(local.get 0)'
const operands: Record<Type, string> = {
  i32: '(i32.const 0x5a6b7c8d)',
  i64: '(i64.const 0x1122334455667788)',
  f32: '(f32.const 1.5)',
  f64: '(f64.const -2.5)',
}
const vector = '(v128.const i32x4 0x01020304 0x05060708 0x090a0b0c 0x0d0e0f10)'

const asI64: Record<Type, (text: string) => string> = {
  i32: (text) => `(i64.extend_i32_u ${text})`,
  i64: (text) => text,
  f32: (text) => `(i64.extend_i32_u (i32.reinterpret_f32 ${text}))`,
  f64: (text) => `(i64.reinterpret_f64 ${text})`,
}
const vectorAsI64 = (text: string): string =>
  `(local.set 1 ${text}) (i64.add (i64x2.extract_lane 0 (local.get 1)) (i64.rotl (i64x2.extract_lane 1 (local.get 1)) (i64.const 7)))`

const typeOf = (name: string): Type => name.slice(0, 3) as Type
const widthOf = (name: string, otherwise: number): number => {
  const bits = /\.(?:atomic\.)?(?:load|store|rmw)(8|16|32)(?!x)/.exec(name)?.[1]
  return bits === undefined ? otherwise : Number(bits) / 8
}
const ownWidth = (name: string): number => (name[1] === '3' ? 4 : 8)

function plain(family: string, name: string, ...rest: string[]): Instruction {
  const type = typeOf(name)
  const isStore = name.includes('store')
  return {
    name,
    family,
    bytes: widthOf(name, ownWidth(name)),
    text(memory, offset) {
      const text = `(${name} ${memory} offset=${offset} ${address} ${rest.join(' ')})`
      return isStore ? `${text} (i64.const 0)` : asI64[type](text)
    },
  }
}

const loads = [
  ...['i32.load', 'i64.load', 'f32.load', 'f64.load'],
  ...['i32.load8_s', 'i32.load8_u', 'i32.load16_s', 'i32.load16_u'],
  ...['i64.load8_s', 'i64.load8_u', 'i64.load16_s', 'i64.load16_u', 'i64.load32_s', 'i64.load32_u'],
].map((name) => plain('loads', name))

const stores = [
  ...['i32.store', 'i64.store', 'f32.store', 'f64.store', 'i32.store8', 'i32.store16'],
  ...['i64.store8', 'i64.store16', 'i64.store32'],
].map((name) => plain('stores', name, operands[typeOf(name)]))

function simd(name: string, bytes: number, text: (at: string) => string): Instruction {
  return { name, family: 'SIMD', bytes, text: (memory, offset) => text(`${name} ${memory} offset=${offset}`) }
}

const vectors = [
  ...(
    [
      ['v128.load', 16],
      ...['8x8_s', '8x8_u', '16x4_s', '16x4_u', '32x2_s', '32x2_u'].map((shape) => [`v128.load${shape}`, 8]),
      ...[8, 16, 32, 64].map((bits) => [`v128.load${bits}_splat`, bits / 8]),
      ...[32, 64].map((bits) => [`v128.load${bits}_zero`, bits / 8]),
    ] as [string, number][]
  ).map(([name, bytes]) => simd(name, bytes, (at) => vectorAsI64(`(${at} ${address})`))),
  simd('v128.store', 16, (at) => `(${at} ${address} ${vector}) (i64.const 0)`),
  ...[8, 16, 32, 64].flatMap((bits) => [
    simd(`v128.load${bits}_lane`, bits / 8, (at) => vectorAsI64(`(${at} 1 ${address} ${vector})`)),
    simd(`v128.store${bits}_lane`, bits / 8, (at) => `(${at} 1 ${address} ${vector}) (i64.const 0)`),
  ]),
]

const widths = (type: 'i32' | 'i64'): number[] => (type === 'i32' ? [8, 16] : [8, 16, 32])
const atomics = (['i32', 'i64'] as const).flatMap((type) => {
  const own = operands[type]
  const of = (name: string, ...rest: string[]): Instruction =>
    plain('atomics', `${type}.atomic.${name}`, ...rest)
  return [
    ...[of('load'), ...widths(type).map((bits) => of(`load${bits}_u`))],
    ...[of('store', own), ...widths(type).map((bits) => of(`store${bits}`, own))],
    ...['add', 'sub', 'and', 'or', 'xor', 'xchg', 'cmpxchg'].flatMap((operation) => {
      const given = operation === 'cmpxchg' ? [`(${type}.const 0)`, own] : [own]
      return [
        of(`rmw.${operation}`, ...given),
        ...widths(type).map((bits) => of(`rmw${bits}.${operation}_u`, ...given)),
      ]
    }),
  ]
})

function waiting(name: string, bytes: number, rest: string): Instruction {
  const text = (memory: number, offset: number): string =>
    asI64.i32(`(memory.atomic.${name} ${memory} offset=${offset} ${address} ${rest})`)
  return { name: `memory.atomic.${name}`, family: 'atomics', bytes, text }
}

export const instructions: readonly Instruction[] = [
  ...loads,
  ...stores,
  ...vectors,
  ...atomics,
  waiting('notify', 4, '(i32.const 1)'),
  waiting('wait32', 4, '(i32.const 0) (i64.const 0)'),
  waiting('wait64', 8, '(i64.const 0) (i64.const 0)'),
]
