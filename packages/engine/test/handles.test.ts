/** Handles of functions, tables, globals and tags beside V8's own, while their use lasts. */
import { deepStrictEqual } from 'node:assert/strict'
import { afterAll, describe, expect, it } from 'vitest'

import { Engine, type PooledInstance } from '../src/index.ts'
import { kitchen, kitchenImports } from './support/kitchen.ts'
import { type Exports, nativeInstance } from './support/native.ts'
import { outcomeOf } from './support/outcome.ts'
import { supported, wat } from './support/wat.ts'

const engine = new Engine({ slots: 2, maxMemoryBytes: 16 * 65_536 })
const module = await engine.compile(kitchen)
afterAll(() => engine.close())

/** Both runtimes, with the same imports. */
function both(ask: (exports: Exports) => unknown, own?: Record<string, unknown>): void {
  using instance = engine.instantiate(module, kitchenImports(own))
  deepStrictEqual(
    outcomeOf(() => ask(instance.exports)),
    outcomeOf(() => ask(nativeInstance(kitchen, kitchenImports(own)).exports)),
  )
}

function withInstance(
  run: (exports: Exports, instance: PooledInstance) => void,
  own?: Record<string, unknown>,
): void {
  using instance = engine.instantiate(module, kitchenImports(own))
  run(instance.exports, instance)
}

describe('functions', () => {
  const functions = [
    'increment',
    'incrementAgain',
    'give',
    'echo',
    'pair',
    'five',
    'nothing',
    'reexported',
    'two',
  ]
  const questions: [string, (exports: Exports) => unknown][] = [
    ['names', (exports) => functions.map((name) => exports[name].name)],
    ['lengths', (exports) => functions.map((name) => exports[name].length)],
    ['are no constructors', (exports) => functions.map((name) => 'prototype' in exports[name])],
    ['too few arguments', (exports) => [exports['increment'](), exports['five'](1, 2), exports['two'](1)]],
    [
      'too many arguments',
      (exports) => [exports['increment'](1, 2, 3), exports['nothing'](1), exports['five'](1, 2, 3, 4, 5, 6)],
    ],
    [
      'one, two, three, four, five',
      (exports) => [
        exports['increment'](1),
        exports['two'](5, 3),
        exports['three'](1, 2, 3),
        exports['four'](1, 2, 3, 4),
        exports['five'](1, 2, 3, 4, 5),
      ],
    ],
    [
      'conversions',
      (exports) => [
        exports['increment']('41'),
        exports['increment'](null),
        exports['increment'](2 ** 32 + 0.5),
      ],
    ],
    ['a bigint for an i32', (exports) => exports['increment'](1n)],
    ['a number for an i64', (exports) => exports['long'](1)],
    ['a bigint result', (exports) => exports['long'](2n ** 63n - 1n)],
    ['several results', (exports) => exports['pair'](7, -1n)],
    ['undefined results', (exports) => exports['nothing']()],
    ['traps', (exports) => exports['trap']()],
    ['one function under two names', (exports) => exports['increment'] === exports['incrementAgain']],
    ['the entry of a table', (exports) => exports['table'].get(0) === exports['increment']],
    ['a function global', (exports) => exports['kept'].value === exports['increment']],
    ['the same reference twice', (exports) => exports['give']() === exports['give']()],
    [
      'a reference among results',
      (exports) => {
        const [double, three, increment] = exports['giveBoth']()
        return [double(3), three, increment === exports['increment'], double === exports['give']()]
      },
    ],
    ['a reference through the host', (exports) => exports['throughHost']() === exports['give']()],
    [
      'its own handle given back',
      (exports) => exports['echo'](exports['increment']) === exports['increment'],
    ],
    ['null', (exports) => exports['echo'](null)],
    ['undefined for a funcref', (exports) => exports['echo']()],
    ['no function for a funcref', (exports) => exports['echo'](3)],
    ['a JavaScript function for a funcref', (exports) => exports['echo'](() => 1)],
    ['a re-exported import', (exports) => exports['reexported'](9)],
    ['this', (exports) => Reflect.apply(exports['increment'], { a: 1 }, [1])],
    ['bind', (exports) => exports['increment'].bind(null, 5)()],
    ['tags', (exports) => Object.prototype.toString.call(exports['increment'])],
  ]
  it.each(questions)('%s', (_question, ask) => both(ask))

  it('of plain V8 pass as they are, both ways', () => {
    const foreign = nativeInstance(
      wat('(module (func (export "f") (param i32) (result i32) (i32.const 77)))'),
    ).exports['f']
    withInstance((exports) => {
      expect(exports['echo'](foreign)).toBe(foreign)
      exports['table'].set(3, foreign)
      expect(exports['table'].get(3)).toBe(foreign)
      expect(exports['indirect'](3, 0)).toBe(77)
      exports['keep'](foreign)
      expect(exports['kept'].value).toBe(foreign)
    })
  })

  it('of another pooled instance are as good as its own', () => {
    withInstance((first) => {
      withInstance(
        (second) => {
          expect(second['echo'](first['increment'])).toBe(first['increment'])
          second['table'].set(0, first['increment'])
          expect(second['table'].get(0)).toBe(first['increment'])
          expect(second['indirect'](0, 7)).toBe(8)
          second['kept'].value = first['increment']
          expect(second['kept'].value).toBe(first['increment'])
          expect(second['callHost'](4)).toBe(5)
        },
        { call: first['increment'] },
      )
    })
  })
})

describe('references reach the host as handles only', () => {
  it('in arguments of imports', () => {
    const seen: unknown[] = []
    const pass = (value: unknown): unknown => {
      seen.push(value)
      return value
    }
    withInstance(
      (exports) => {
        expect(exports['throughHost']()).toBe(exports['give']())
        expect(seen).toEqual([exports['give']()])
        seen.length = 0
      },
      { pass },
    )
  })

  it('and are dead after the release, wherever they came from', () => {
    const kept: ((value: number) => number)[] = []
    const pass = (value: (value: number) => number): unknown => {
      kept.push(value)
      return value
    }
    withInstance(
      (exports) => {
        kept.push(exports['give'](), exports['table'].get(1), exports['kept'].value, exports['reexported'])
        kept.push(...exports['giveBoth']().filter((value: unknown) => typeof value === 'function'))
        exports['throughHost']()
      },
      { pass },
    )
    expect(kept).toHaveLength(7)
    for (const one of kept) expect(() => one(1)).toThrow(/was released/)
  })
})

describe('tables', () => {
  const questions: [string, (exports: Exports) => unknown][] = [
    ['length', (exports) => exports['table'].length],
    [
      'set, and call through it',
      (exports) => {
        exports['table'].set(4, exports['give']())
        return exports['indirect'](4, 21)
      },
    ],
    [
      'entries by default',
      (exports) => {
        exports['table'].set(0)
        return [exports['table'].get(0), exports['table'].get(2)]
      },
    ],
    [
      'growth',
      (exports) => [
        exports['table'].grow(2, exports['increment']),
        exports['table'].length,
        exports['table'].get(7) === exports['increment'],
      ],
    ],
    ['growth by default', (exports) => [exports['table'].grow(1), exports['table'].get(6)]],
    ['growth beyond its maximum', (exports) => exports['table'].grow(100)],
    ['get out of bounds', (exports) => exports['table'].get(6)],
    ['set out of bounds', (exports) => exports['table'].set(6, null)],
    ['set of no function', (exports) => exports['table'].set(0, {})],
    ['set without arguments', (exports) => exports['table'].set()],
    ['get without arguments', (exports) => exports['table'].get()],
    ['an empty entry called', (exports) => exports['indirect'](3, 1)],
    ['tag', (exports) => Object.prototype.toString.call(exports['table'])],
    ['instanceof', (exports) => exports['table'] instanceof WebAssembly.Table],
    ['lengths of methods', (exports) => ['get', 'set', 'grow'].map((name) => exports['table'][name].length)],
  ]
  it.each(questions)('%s', (_question, ask) => both(ask))
})

describe('globals', () => {
  const questions: [string, (exports: Exports) => unknown][] = [
    ['value', (exports) => [exports['count'].value, exports['big'].value, exports['thing'].value]],
    ['valueOf', (exports) => [exports['count'].valueOf(), exports['big'].valueOf(), exports['count'] + 1]],
    [
      'set by the host',
      (exports) => {
        exports['count'].value = 40
        return [exports['countUp'](), exports['count'].value]
      },
    ],
    [
      'set of a constant',
      (exports) => {
        exports['big'].value = 1n
      },
    ],
    [
      'set to something else',
      (exports) => {
        exports['count'].value = 1n
      },
    ],
    [
      'a function',
      (exports) => {
        exports['kept'].value = exports['give']()
        return [exports['kept'].value === exports['give'](), exports['kept'].value(4)]
      },
    ],
    [
      'no function',
      (exports) => {
        exports['kept'].value = () => 1
      },
    ],
    ['tag', (exports) => Object.prototype.toString.call(exports['count'])],
    ['instanceof', (exports) => exports['count'] instanceof WebAssembly.Global],
  ]
  it.each(questions)('%s', (_question, ask) => both(ask))

  it('start anew in each use', () => {
    for (let use = 0; use < 3; use++) {
      withInstance((exports) => {
        expect(exports['count'].value).toBe(5)
        expect(exports['kept'].value).toBe(exports['increment'])
        expect(exports['table'].get(4)).toBe(null)
        exports['count'].value = 9
        exports['keep'](null)
        exports['table'].set(4, exports['increment'])
      })
    }
  })
})

describe('externref', () => {
  it.each([
    ['an array', [1, 2, 3]],
    ['an array with functions', [() => 1, Math.max]],
    ['an object', { a: 1 }],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['null', null],
    ['undefined', undefined],
  ])('keeps the identity of %s', (_name, value) => {
    const seen: unknown[] = []
    const look = (one: unknown): unknown => {
      seen.push(one)
      return one
    }
    withInstance(
      (exports) => {
        expect(exports['lookAt'](value)).toBe(value)
        expect(seen[0]).toBe(value)
        exports['thing'].value = value
        expect(exports['thing'].value).toBe(value)
      },
      { look },
    )
  })

  it('keeps the identity of a handle and of an array with handles', () => {
    withInstance((exports) => {
      const { increment } = exports
      expect(exports['lookAt'](increment)).toBe(increment)
      const list = [increment]
      expect(exports['lookAt'](list)).toBe(list)
      expect(list[0]).toBe(increment)
    })
  })

  it('keeps the identity beside function references too', async () => {
    const bytes = wat(
      `(module (func (export "f") (param funcref externref) (result externref) (local.get 1)))`,
    )
    await using mixed = await engine.compile(bytes)
    using instance = engine.instantiate(mixed)
    const { f } = instance.exports as Exports
    const native = nativeInstance(bytes).exports['f']
    for (const value of [[1], [f], [native], [() => 1], f]) expect(f(null, value)).toBe(value)
  })
})

function tag(value: unknown): string {
  return Object.prototype.toString.call(value)
}

function askForSeveral(exports: Exports): unknown {
  return outcomeOf(() => {
    const [given, number] = exports['ask']([exports['inc'], exports['ask']])
    return [given === exports['inc'], number]
  })
}

describe('several results of an import', () => {
  const bytes = wat(`(module
    (import "host" "both" (func $both (param funcref externref) (result funcref i32)))
    (func $inc (export "inc") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
    (func (export "ask") (param externref) (result funcref i32) (call $both (ref.func $inc) (local.get 0))))`)
  const answers: [string, (given: unknown, thing: unknown) => unknown][] = [
    ['as an array', (given) => [given, 4]],
    ['as another iterable', (given) => new Set([given, 4])],
    ['as null and a number', () => [null, 4]],
    ['not iterable', () => 4],
    ['too few', (given) => [given]],
    ['too many', (given) => [given, 1, 2]],
    ['a text', () => '12'],
    ['no function', () => [{}, 4]],
    ['an array of its argument', (given, thing) => [given, (thing as unknown[]).length]],
  ]
  it.each(answers)('%s', async (_name, answer) => {
    await using asking = await engine.compile(bytes)
    const imports = { host: { both: answer } } as unknown as WebAssembly.Imports
    using instance = engine.instantiate(asking, imports)
    deepStrictEqual(askForSeveral(instance.exports), askForSeveral(nativeInstance(bytes, imports).exports))
  })
})

describe('the rest', () => {
  it('has the tags and prototypes of V8', () => {
    withInstance((exports, instance) => {
      expect(tag(exports['memory'])).toBe('[object WebAssembly.Memory]')
      expect(exports['memory']).toBeInstanceOf(WebAssembly.Memory)
      expect(tag(instance)).toBe('[object WebAssembly.Instance]')
      expect(instance).toBeInstanceOf(WebAssembly.Instance)
    })
  })

  it('imports functions twice as two', () => {
    both((exports) => [exports['callHost'](1), exports['callHostAgain'](2)])
  })

  it('exports tags for catching what the module throws', async () => {
    const bytes = wat(`(module (tag $oops (export "oops") (param i32))
      (func (export "fail") (throw $oops (i32.const 42))))`)
    await using throwing = await engine.compile(bytes)
    using instance = engine.instantiate(throwing)
    const { oops, fail } = instance.exports as Exports
    let caught: unknown
    try {
      fail()
    } catch (error) {
      caught = error
    }
    // TypeScript's DOM declarations have no WebAssembly.Exception yet.
    const exception = caught as { is(tag: unknown): boolean; getArg(tag: unknown, index: number): unknown }
    expect(exception.is(oops)).toBe(true)
    expect(exception.getArg(oops, 0)).toBe(42)
  })

  it.runIf(supported(wat('(module (memory 1) (memory 1))')))(
    'gives every memory its own handle',
    async () => {
      const bytes = wat(
        '(module (memory (export "a") 1) (memory (export "b") 2) (export "again" (memory 1)))',
      )
      await using several = await engine.compile(bytes)
      using instance = engine.instantiate(several)
      const { a, b, again } = instance.exports as Exports
      expect(b).toBe(again)
      expect(instance.memories).toEqual([a, b])
      expect([a.buffer.byteLength, b.buffer.byteLength]).toEqual([65_536, 131_072])
    },
  )
})
