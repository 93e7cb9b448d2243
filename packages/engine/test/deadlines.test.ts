/**
 * Deadlines: a guest that does not return is stopped, nothing else is, and the slot is as new afterwards.
 *
 * What would hang if it failed runs in a child process. No test says how fast a stop comes beyond some seconds: the
 * bench measures that.
 */
import { Worker } from 'node:worker_threads'
import { afterAll, describe, expect, it } from 'vitest'

import { DeadlineExceededError, Engine, InvalidOptionError } from '../src/index.ts'
import { runChild } from './support/child.ts'
import type { Exports } from './support/native.ts'
import { thrownBy } from './support/outcome.ts'
import { supported, wat } from './support/wat.ts'

const engine = new Engine({ slots: 8, maxMemoryBytes: 2 ** 20, deadlines: true })
afterAll(() => engine.close())

/** Every way not to return, in one module; each export runs for ever. */
const endless = wat(`(module
  (import "host" "call" (func $host (param i32)))
  (memory (export "memory") 1) (global $count (export "count") (mut i32) (i32.const 0))
  (table 2 funcref) (elem (i32.const 0) $one $two)
  (type $unary (func (param i32) (result i32)))
  (tag $tag)
  (func (export "spin") (loop (br 0)))
  (func (export "spinWithState") (loop
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (i32.store (i32.const 64) (global.get $count)) (br 0)))
  (func (export "branchTable") (loop (br_table 0 0 (global.get $count))))
  (func (export "loopOfValues") (i32.const 1) (i64.const 2)
    (loop (param i32 i64) (result i32 i64) (br 0)) drop drop)
  (func $tail (export "tailCall") (param i32) (return_call $tail (i32.add (local.get 0) (i32.const 1))))
  (func $one (type $unary) (return_call_indirect (type $unary) (local.get 0) (i32.const 1)))
  (func $two (type $unary) (return_call_indirect (type $unary) (local.get 0) (i32.const 0)))
  (func (export "indirectTailCall") (drop (call $one (i32.const 0))))
  (func $tree (export "callTree") (param i32)
    (if (i32.eqz (local.get 0)) (then (return)))
    (call $otherTree (i32.sub (local.get 0) (i32.const 1)))
    (call $otherTree (i32.sub (local.get 0) (i32.const 1))))
  (func $otherTree (param i32)
    (if (i32.eqz (local.get 0)) (then (return)))
    (call $tree (i32.sub (local.get 0) (i32.const 1)))
    (call $tree (i32.sub (local.get 0) (i32.const 1))))
  (func (export "catchAll") (loop
    (try (do (loop (br 0))) (catch_all)) (br 0)))
  (func (export "throwAndCatch") (loop (try (do (throw $tag)) (catch $tag)) (br 0)))
  (func (export "hostInLoop") (loop (call $host (i32.const 1)) (br 0)))
  (func (export "hostSwallows") (loop (try (do (call $host (i32.const 2))) (catch_all)) (br 0)))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "trap") unreachable)
  (func (export "callHost") (param i32) (call $host (local.get 0))))`)

/** A tree of 2^40 calls without recursion, without a loop. */
const deepTree = wat(`(module (memory 1)
  (func $f0 (global.set $g (i32.add (global.get $g) (i32.const 1)))) (global $g (mut i32) (i32.const 0))
  ${Array.from({ length: 40 }, (_, depth) => `(func $f${depth + 1} (call $f${depth}) (call $f${depth}))`).join('\n')}
  (export "run" (func $f40)))`)

const arguments_: Record<string, number[]> = { tailCall: [0], callTree: [60] }
const ways = [
  'spin', 'spinWithState', 'branchTable', 'loopOfValues', 'tailCall', 'indirectTailCall', 'callTree',
  'catchAll', 'throwAndCatch', 'hostInLoop', 'hostSwallows',
] // prettier-ignore

const hostOf = (call: (value: number) => void): WebAssembly.Imports =>
  ({ host: { call } }) as unknown as WebAssembly.Imports
const quiet = hostOf(() => undefined)

/** An expression that gives the bytes. */
const encode = (bytes: Uint8Array): string =>
  `Buffer.from('${Buffer.from(bytes).toString('base64')}', 'base64')`

/** For child processes: the modules, and how a call ends. */
const prelude = `
  const { Engine } = warmslot
  const bytes = Buffer.from('${Buffer.from(endless).toString('base64')}', 'base64')
  const quiet = { host: { call: () => undefined } }
  const codeOf = (run) => { try { run(); return 'returned' } catch (error) { return error.code ?? error.name } }
`

describe('options', () => {
  it('needs an engine with deadlines', async () => {
    await using plain = new Engine({ slots: 1 })
    const module = await plain.compile(endless)
    expect(thrownBy(() => plain.instantiate(module, quiet, { deadlineMs: 5 }))).toBeInstanceOf(
      InvalidOptionError,
    )
    await expect(plain.instantiateWhenFree(module, quiet, { deadlineMs: 5 })).rejects.toBeInstanceOf(
      InvalidOptionError,
    )
    using instance = plain.instantiate(module, quiet)
    expect(thrownBy(() => instance.extendDeadline(5))).toBeInstanceOf(InvalidOptionError)
  })

  it.each([0, -1, Number.NaN, Infinity, 2 ** 31, '5', null, true, 5n])(
    'refuses %s as a deadline',
    async (value) => {
      await using module = await engine.compile(endless)
      const options = { deadlineMs: value as number }
      expect(thrownBy(() => engine.instantiate(module, quiet, options))).toBeInstanceOf(InvalidOptionError)
    },
  )

  it('refuses anything but a truth value for `deadlines`', () => {
    expect(thrownBy(() => new Engine({ deadlines: 1 as never }))).toBeInstanceOf(InvalidOptionError)
  })

  it('adds nothing to a module in an engine without deadlines', async () => {
    await using plain = new Engine({ slots: 1, maxMemoryBytes: 2 ** 20 })
    const module = await plain.compile(endless)
    using instance = plain.instantiate(module, quiet)
    expect((instance.exports as Exports).add(1, 2)).toBe(3)
    expect(plain.metrics().instances.deadlineExceeded).toBe(0)
  })
})

describe('a guest that does not return', () => {
  it.each(ways)('is stopped: %s', (way) => {
    const child = runChild(`${prelude}
      const engine = new Engine({ slots: 1, maxMemoryBytes: 2 ** 20, deadlines: true })
      const module = await engine.compile(bytes)
      const before = performance.now()
      const ends = []
      for (let use = 0; use < 3; use++) {
        const instance = engine.instantiate(module, quiet, { deadlineMs: 20 })
        ends.push(codeOf(() => instance.exports.${way}(${(arguments_[way] ?? []).join()})))
        ends.push(codeOf(() => instance.exports.add(1, 2)))
        instance.release()
        const next = engine.instantiate(module, quiet)
        ends.push(next.exports.add(1, 2) + next.exports.count.value + new Uint32Array(next.exports.memory.buffer)[16])
        next.release()
      }
      const { deadlineExceeded, warm } = engine.metrics().instances
      await engine.close()
      console.log(JSON.stringify({ ends, deadlineExceeded, warm, slow: performance.now() - before > 30_000 }))`)
    expect(child.stderr).toBe('')
    const use = ['WARMSLOT_DEADLINE_EXCEEDED', 'WARMSLOT_DEADLINE_EXCEEDED', 3]
    expect(JSON.parse(child.stdout)).toEqual({
      ends: [...use, ...use, ...use],
      deadlineExceeded: 3,
      warm: 5,
      slow: false,
    })
    expect(child.status).toBe(0)
  })

  it('is stopped in a tree of calls without loop or recursion, in a module without memory, in its start function', () => {
    const noMemory = wat(`(module (func (export "run") (loop (br 0))))`)
    const start = wat(`(module (memory 1) (func $start (loop (br 0))) (start $start))`)
    const child = runChild(`${prelude}
      const engine = new Engine({ slots: 1, maxMemoryBytes: 2 ** 20, deadlines: true })
      const ends = []
      for (const bytes of [${encode(deepTree)}, ${encode(noMemory)}, ${encode(start)}]) {
        const module = await engine.compile(bytes)
        for (let use = 0; use < 2; use++) ends.push(codeOf(() => {
          const instance = engine.instantiate(module, {}, { deadlineMs: 20 })
          try { instance.exports.run() } finally { instance.release() }
        }))
      }
      await engine.close()
      console.log(JSON.stringify(ends))`)
    expect(child.stderr).toBe('')
    expect(JSON.parse(child.stdout)).toEqual(Array.from({ length: 6 }, () => 'WARMSLOT_DEADLINE_EXCEEDED'))
  })

  it.runIf(supported(wat('(module (tag $t) (func (block (try_table (catch_all 0) (throw $t)))))')))(
    'is stopped inside of try_table',
    () => {
      const bytes = wat(`(module (memory 1) (func (export "run")
        (loop (block (try_table (catch_all 0) (loop (br 0)))) (br 0))))`)
      const child = runChild(`${prelude}
        const engine = new Engine({ slots: 1, maxMemoryBytes: 2 ** 20, deadlines: true })
        const module = await engine.compile(Buffer.from('${Buffer.from(bytes).toString('base64')}', 'base64'))
        console.log(codeOf(() => engine.instantiate(module, {}, { deadlineMs: 10 }).exports.run()))
        process.exit()`)
      expect(child.stdout).toBe('WARMSLOT_DEADLINE_EXCEEDED\n')
    },
  )

  it('is stopped once V8 has optimised it, and when it computes in optimised code', () => {
    const child = runChild(`${prelude}
      const engine = new Engine({ slots: 1, maxMemoryBytes: 2 ** 20, deadlines: true })
      const module = await engine.compile(bytes)
      const instance = engine.instantiate(module, quiet)
      for (let round = 0; round < 5; round++) {
        instance.exports.callTree(18)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      instance.extendDeadline(1500)
      console.log(codeOf(() => instance.exports.spinWithState()))
      instance.extendDeadline(20)
      console.log(codeOf(() => instance.exports.callTree(60)))
      process.exit()`)
    expect(child.stdout).toBe('WARMSLOT_DEADLINE_EXCEEDED\nWARMSLOT_DEADLINE_EXCEEDED\n')
  })

  it('is stopped in worker threads, by engines of their own', () => {
    const child = runChild(`
      import { Worker, isMainThread, parentPort } from 'node:worker_threads'
      const source = ${JSON.stringify(`
        import { parentPort, workerData } from 'node:worker_threads'
        const { Engine } = await import(workerData.url)
        const engines = [1, 2].map(() => new Engine({ slots: 1, maxMemoryBytes: 2 ** 20, deadlines: true }))
        const ends = []
        for (const engine of engines) {
          const module = await engine.compile(Buffer.from('${Buffer.from(endless).toString('base64')}', 'base64'))
          const instance = engine.instantiate(module, { host: { call() {} } }, { deadlineMs: 20 })
          try { instance.exports.spin() } catch (error) { ends.push(error.code) }
          instance.release()
        }
        parentPort.postMessage(ends)
        await engines[0].close()
      `)}
      const url = import.meta.resolve(${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)})
      const workers = [1, 2].map(() => new Worker(new URL('data:text/javascript,' + encodeURIComponent(source)), { workerData: { url } }))
      const once = (worker, event) => new Promise((resolve) => worker.on(event, resolve))
      const ends = workers.map((worker) => Promise.all([once(worker, 'message'), once(worker, 'exit')]))
      for (const [codes, status] of await Promise.all(ends)) console.log(JSON.stringify(codes), status)`)
    expect(child.stderr).toBe('')
    const line = '["WARMSLOT_DEADLINE_EXCEEDED","WARMSLOT_DEADLINE_EXCEEDED"] 0\n'
    expect(child.stdout).toBe(line + line)
    expect(child.status).toBe(0)
  })
})

/** A guest whose callback can call into another one. */
async function pair(call: (value: number, inner: Exports) => void) {
  const module = await engine.compile(endless)
  const inner = engine.instantiate(module, quiet)
  const outer = engine.instantiate(
    module,
    hostOf((value) => call(value, inner.exports)),
  )
  return { outer, inner, [Symbol.asyncDispose]: async () => {
    outer.release()
    inner.release()
    await module.dispose()
  } } // prettier-ignore
}

describe('nested calls', () => {
  it('stops the inner guest at the outer deadline', async () => {
    const seen: unknown[] = []
    await using uses = await pair((_, inner) => {
      try {
        inner.spin()
      } catch (error) {
        seen.push(error)
        // The outer guest goes on, with what it swallowed: not for long.
      }
    })
    uses.outer.extendDeadline(20)
    expect(thrownBy(() => (uses.outer.exports as Exports).callHost(1))).toBeInstanceOf(DeadlineExceededError)
    expect(seen[0]).toBeInstanceOf(DeadlineExceededError)
    expect((uses.inner.exports as Exports).add(1, 2)).toBe(3)
  })

  it('stops only the inner guest at the inner deadline', async () => {
    const seen: unknown[] = []
    await using uses = await pair((_, inner) => seen.push(thrownBy(() => inner.spin())))
    uses.outer.extendDeadline(100_000)
    uses.inner.extendDeadline(10)
    ;(uses.outer.exports as Exports).callHost(1)
    expect(seen).toHaveLength(1)
    expect(seen[0]).toBeInstanceOf(DeadlineExceededError)
    expect((uses.outer.exports as Exports).add(1, 2)).toBe(3)
  })

  it('keeps the outer deadline after an inner one has passed', async () => {
    await using uses = await pair((_, inner) => {
      uses.inner.extendDeadline(5)
      thrownBy(() => inner.spin())
    })
    uses.outer.extendDeadline(60)
    const { outer } = uses
    expect(thrownBy(() => (outer.exports as Exports).hostInLoop())).toBeInstanceOf(DeadlineExceededError)
    outer.extendDeadline(20)
    expect(thrownBy(() => (outer.exports as Exports).spin())).toBeInstanceOf(DeadlineExceededError)
  })

  it('stops a guest whose callback calls back into it, and one without a deadline inside of it', async () => {
    const module = await engine.compile(endless)
    let self: Exports = {}
    using instance = engine.instantiate(module, hostOf(() => self.spin()), { deadlineMs: 20 }) // prettier-ignore
    self = instance.exports
    expect(thrownBy(() => self.callHost(0))).toBeInstanceOf(DeadlineExceededError)
  })

  it('lets a callback move the deadline of the call that it is in', async () => {
    const module = await engine.compile(endless)
    let calls = 0
    using instance = engine.instantiate(module, hostOf(() => {
      const until = performance.now() + 15
      while (performance.now() < until) /* work */;
      if (calls++ < 5) instance.extendDeadline(30)
    }), { deadlineMs: 30 }) // prettier-ignore
    expect(thrownBy(() => (instance.exports as Exports).hostInLoop())).toBeInstanceOf(DeadlineExceededError)
    expect(calls).toBeGreaterThan(5)
  })

  it('stops a guest of one engine inside of another engine’s', async () => {
    await using other = new Engine({ slots: 1, maxMemoryBytes: 2 ** 20, deadlines: true })
    using inner = other.instantiate(await other.compile(endless), quiet)
    using outer = engine.instantiate(await engine.compile(endless), hostOf(() => (inner.exports as Exports).spin()), { deadlineMs: 20 }) // prettier-ignore
    expect(thrownBy(() => (outer.exports as Exports).callHost(0))).toBeInstanceOf(DeadlineExceededError)
  })
})

describe('what is not stopped', () => {
  it('keeps V8’s own errors, and the host’s', async () => {
    await using module = await engine.compile(endless)
    const mine = new Error('mine')
    using instance = engine.instantiate(module, hostOf(() => { throw mine }), { deadlineMs: 100_000 }) // prettier-ignore
    const exports = instance.exports as Exports
    expect(thrownBy(() => exports.trap())).toBeInstanceOf(WebAssembly.RuntimeError)
    expect(thrownBy(() => exports.callHost(1))).toBe(mine)
    expect(exports.add(2, 3)).toBe(5)
  })

  it('throws at once in a call after the deadline, and works again with a new one', async () => {
    await using module = await engine.compile(endless)
    using instance = engine.instantiate(module, quiet, { deadlineMs: 5 })
    await new Promise((resolve) => setTimeout(resolve, 30))
    const exports = instance.exports as Exports
    expect(thrownBy(() => exports.add(1, 2))).toBeInstanceOf(DeadlineExceededError)
    instance.extendDeadline(100_000)
    expect(exports.add(1, 2)).toBe(3)
  })

  it('stops no later call, among thousands of deadlines that pass about when their call ends', async () => {
    const module = await engine.compile(endless)
    const before = engine.metrics().instances
    let exceeded = 0
    for (let round = 0; round < 3_000; round++) {
      const timed = engine.instantiate(module, quiet, { deadlineMs: 0.05 + (round % 20) / 10 })
      const until = performance.now() + (round % 30) / 10
      try {
        do (timed.exports as Exports).callTree(3)
        while (performance.now() < until)
      } catch (error) {
        expect(error).toBeInstanceOf(DeadlineExceededError)
        exceeded++
      }
      timed.release()
      // Without a deadline, and with one that is far away: neither may see what the one before left.
      const free = engine.instantiate(module, quiet, round % 2 ? { deadlineMs: 100_000 } : {})
      expect((free.exports as Exports).count.value).toBe(0)
      ;(free.exports as Exports).callTree(5)
      free.release()
    }
    expect(engine.metrics().instances.deadlineExceeded - before.deadlineExceeded).toBe(exceeded)
    expect(exceeded).toBeGreaterThan(300)
    await module.dispose()
  })

  it('stays right beside stack overflows', async () => {
    const module = await engine.compile(endless)
    let self: Exports = {}
    let depth = 0
    const again = (value: number): void => {
      depth++
      self.callHost(value)
    }
    using instance = engine.instantiate(module, hostOf(again), { deadlineMs: 100_000 })
    self = instance.exports
    for (let round = 0; round < 20; round++) {
      const fall = (frames: number): void => (frames === 0 ? self.callHost(1) : fall(frames - 1))
      expect(thrownBy(() => fall(round * 37))).toBeInstanceOf(RangeError)
      expect(self.add(1, 2)).toBe(3)
    }
    expect(depth).toBeGreaterThan(1000)
    instance.extendDeadline(20)
    expect(thrownBy(() => self.spin())).toBeInstanceOf(DeadlineExceededError)
    using free = engine.instantiate(module, quiet)
    ;(free.exports as Exports).callTree(15)
  })
})

describe('the slot of a stopped guest', () => {
  it('is exact in its next use, a thousand times', async () => {
    await using module = await engine.compile(endless)
    for (let round = 0; round < 1_000; round++) {
      const stopped = engine.instantiate(module, quiet, { deadlineMs: 0.2 })
      expect(thrownBy(() => (stopped.exports as Exports).spinWithState()).code).toBe(
        'WARMSLOT_DEADLINE_EXCEEDED',
      )
      stopped.release()
      using next = engine.instantiate(module, quiet)
      const exports = next.exports as Exports
      expect(exports.count.value).toBe(0)
      expect(new Uint32Array(exports.memory.buffer)[16]).toBe(0)
      expect(exports.add(round, 1)).toBe(round + 1)
    }
    expect(engine.metrics().instances.warm).toBeGreaterThan(1_000)
  })
})

describe('the watchdog', () => {
  it('keeps no process alive, and ends with it', () => {
    const child = runChild(`${prelude}
      const engine = new Engine({ slots: 1, maxMemoryBytes: 2 ** 20, deadlines: true })
      const module = await engine.compile(bytes)
      console.log(codeOf(() => engine.instantiate(module, quiet, { deadlineMs: 5 }).exports.spin()))`)
    expect(child.stderr).toBe('')
    expect([child.stdout, child.status, child.signal]).toEqual(['WARMSLOT_DEADLINE_EXCEEDED\n', 0, null])
  })

  it.each([
    'await engine.close()',
    'engine = module = undefined; for (let k = 0; k < 50 && threads() > before; k++) { globalThis.gc(); await new Promise((r) => setTimeout(r, 20)) }',
  ])('ends when no engine needs it: %s', (end) => {
    const child = runChild(
      `${prelude}
        import { readdirSync, readFileSync } from 'node:fs'
        const threads = () => readdirSync('/proc/self/task').length
        const alive = setInterval(() => {}, 1000)
        // V8's and libuv's own threads first.
        await WebAssembly.compile(bytes); await import('node:fs/promises').then((fs) => fs.readFile('/proc/self/stat'))
        let first = new Engine({ slots: 1, maxMemoryBytes: 2 ** 20 }); await first.compile(bytes); await first.close()
        const before = threads()
        let engine = new Engine({ slots: 1, maxMemoryBytes: 2 ** 20, deadlines: true })
        let module = await engine.compile(bytes)
        ;(() => { const one = engine.instantiate(module, quiet, { deadlineMs: 5 }); codeOf(() => one.exports.spin()); one.release() })()
        const during = threads()
        ${end}
        console.log(during > before, threads() === before)
        clearInterval(alive)`,
      { node: ['--expose-gc'] },
    )
    expect(child.stderr).toBe('')
    expect(child.stdout).toBe('true true\n')
  })

  it('starts again for a later engine, and is not disturbed by Node’s options', () => {
    const child = runChild(
      `${prelude}
      for (let round = 0; round < 3; round++) {
        const engine = new Engine({ slots: 1, maxMemoryBytes: 2 ** 20, deadlines: true })
        const module = await engine.compile(bytes)
        const instance = engine.instantiate(module, quiet, { deadlineMs: 5 })
        console.log(codeOf(() => instance.exports.spin()))
        instance.release()
        await engine.close()
      }`,
      { node: ['--input-type=module', '--import', 'data:text/javascript,console.log("preloaded")'] },
    )
    expect(child.stdout).toBe('preloaded\n' + 'WARMSLOT_DEADLINE_EXCEEDED\n'.repeat(3))
    expect(child.status).toBe(0)
  })

  it('does not hold up process.exit or the end of a worker', async () => {
    const source = `
      const { Engine } = await import(${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)})
      const engine = new Engine({ slots: 1, maxMemoryBytes: 2 ** 20, deadlines: true })
      await engine.compile(Buffer.from('${Buffer.from(endless).toString('base64')}', 'base64'))
      process.exit(7)`
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`))
    expect(await new Promise((resolve) => worker.on('exit', resolve))).toBe(7)
  })
})

const suspending = 'Suspending' in WebAssembly
describe.runIf(suspending)('calls that wait for promises', () => {
  const { Suspending } = WebAssembly as unknown as {
    Suspending: new (call: unknown) => WebAssembly.ImportValue
  }

  it('stops a guest that spins after it was resumed, and no other', async () => {
    const module = await engine.compile(endless)
    const wait = { host: { call: new Suspending(() => new Promise((resolve) => setTimeout(resolve, 5))) } } as WebAssembly.Imports // prettier-ignore
    const spins = engine.instantiate(module, wait, { deadlineMs: 40 })
    const quick = engine.instantiate(module, wait, { deadlineMs: 60 })
    const stopped = spins.promising('hostInLoop')()
    await quick.promising('callHost')(1)
    const free = engine.instantiate(module, quiet)
    expect((free.exports as Exports).add(1, 2)).toBe(3)
    await expect(stopped).rejects.toBeInstanceOf(DeadlineExceededError)
    ;(free.exports as Exports).callTree(15)
    for (const instance of [spins, quick, free]) instance.release()
    await module.dispose()
  })
})
