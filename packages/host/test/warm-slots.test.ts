/** Setting `warmSlots`: instances that are ready before their module is. */
import { Engine } from '@warmslot/engine'
import { expect, it } from 'vitest'
import { readSettings } from '../src/modules/module-settings.ts'
import { LoadedModule } from '../src/worker/loaded-module.ts'
import { command, library } from './support/programs.ts'
import { startHost, type TestHost } from './support/test-host.ts'
import { wat } from './support/wat.ts'

async function put(
  host: TestHost,
  uid: string,
  bytes: Uint8Array<ArrayBuffer>,
  settings: Record<string, string | number>,
): Promise<void> {
  const answer = await host.put(uid, bytes, settings)
  expect(await answer.json()).toMatchObject({ state: 'ready', settings })
}

/** Until the module has so many. */
async function warm(host: TestHost, uid: string, count: number): Promise<void> {
  const slots = async (): Promise<object> => {
    const module = (await (await fetch(`${host.admin}/v1/modules/${uid}`)).json()) as { slots: object }
    return module.slots
  }
  // A worker that is late is not counted for a second.
  await expect.poll(slots, { timeout: 20_000 }).toMatchObject({ affine: count, warm: count, inUse: 0 })
}

/** By worker. */
async function instances(host: TestHost): Promise<Record<string, number>> {
  const text = await (await fetch(`${host.admin}/metrics`)).text()
  const found = text.matchAll(/warmslot_host_slots\{worker="(\d+)",state="affine"\} (\d+)/g)
  return Object.fromEntries(Array.from(found, ([, worker, count]) => [worker!, Number(count)]))
}

it.each([
  ['a command', command, {}],
  ['a library', library, {}],
  ['an initialised library', library, { initialize: 'once' }],
] as const)('%s: as many in each worker, and one in each in any case', async (_, bytes, settings) => {
  await using host = await startHost()
  for (const [wanted, each] of [
    [0, 1],
    [2, 1],
    [5, 3],
    [16, 8],
  ] as const) {
    const uid = `warm-${wanted}`
    await put(host, uid, bytes, { ...settings, warmSlots: wanted })
    await warm(host, uid, 2 * each)
    expect(await instances(host)).toEqual({ 1: each, 2: each })
    expect(await (await host.purge(uid)).json()).toMatchObject({ complete: true, workers: [{}, {}] })
    expect(await instances(host)).toEqual({ 1: 0, 2: 0 })
  }
})

/** A function that fails. */
function failing(name: string): Uint8Array<ArrayBuffer> {
  return wat(
    `(module (memory (export "memory") 1) (data (i32.const 9) "x") (func (export "${name}") unreachable))`,
  )
}

it('runs nothing of the guest: a start that would fail is not begun', async () => {
  await using host = await startHost()
  await put(host, 'command', failing('_start'), { warmSlots: 6 })
  await put(host, 'library', failing('_initialize'), { warmSlots: 6 })
  await warm(host, 'command', 6)
  await warm(host, 'library', 6)
  expect((await host.run('command', '')).status).toBe(500)
})

it('makes as many as there are slots, where some are lost', async () => {
  await using engine = new Engine({ slots: 3, maxMemoryBytes: 2 ** 20, deadlines: true })
  const module = await engine.compile(library)
  const settings = readSettings({}, { workers: 1, slots: 8, maxMemoryBytes: 2 ** 20 })
  const plan = { uid: 'a', name: 'a', kind: 'library', settings, content: await module.share() } as const
  new LoadedModule(plan, module, engine).warmUp(8)
  expect(engine.slots().map(({ state, warm: isWarm }) => [state, isWarm])).toEqual(
    Array.from({ length: 3 }, () => ['affine', true]),
  )
})

it('takes slots from others where there are no more', async () => {
  await using host = await startHost()
  await put(host, 'first', command, { warmSlots: 16 })
  await warm(host, 'first', 16)
  await put(host, 'second', command, { warmSlots: 12 })
  await warm(host, 'second', 12)
  await warm(host, 'first', 4)
  for (const uid of ['first', 'second']) expect(await (await host.run(uid, 'e', uid)).text()).toBe(uid)
})

it("V8's own instances are in no slots", async () => {
  await using host = await startHost({ instances: 'native' })
  await put(host, 'native', command, { warmSlots: 16 })
  await warm(host, 'native', 0)
  expect((await host.run('native', 'c')).status).toBe(200)
})

it('a worker that is replaced is as warm as the one before', async () => {
  await using host = await startHost({ graceMs: 0 })
  await put(host, 'good', command, { warmSlots: 8 })
  await host.put('bad', command, { timeLimitMs: 50 })
  expect((await host.run('bad', 'hang')).status).toBe(502)
  await expect.poll(async () => Object.values(await instances(host)), { timeout: 20_000 }).toEqual([5, 5])
  await warm(host, 'good', 8)
})

/** An instance of it takes so many turns to make. */
function spinning(turns: number): Uint8Array<ArrayBuffer> {
  return wat(`(module (memory (export "memory") 1) (func (export "f")) (global $n (mut i32) (i32.const ${turns}))
    (func $spin (loop $again
      (global.set $n (i32.sub (global.get $n) (i32.const 1))) (br_if $again (global.get $n))))
    (start $spin))`)
}

/** Of code that V8 has optimised: the first time takes about ten times as long. */
function turnsIn(milliseconds: number): number {
  const tried = 20_000_000
  const module = new WebAssembly.Module(spinning(tried))
  for (let time = 0; time < 3; time += 1) void new WebAssembly.Instance(module)
  const start = performance.now()
  void new WebAssembly.Instance(module)
  return Math.ceil((tried * milliseconds) / (performance.now() - start))
}

it('guests that come while a worker makes instances wait for it, and are not taken for guests that hang', async () => {
  await using host = await startHost({ workers: 1, slots: 64, graceMs: 0 })
  await host.put('good', command, { timeLimitMs: 1_500 })
  const state = { loading: true }
  const loading = put(host, 'slow', spinning(turnsIn(40)), { warmSlots: 60 })
  const loaded = loading.finally(() => (state.loading = false))
  const statuses = new Set<number>()
  while (state.loading) statuses.add((await host.run('good', 'c')).status)
  await loaded
  expect([...statuses]).toEqual([200])
  await warm(host, 'slow', 60)
  // The worker is the first one still.
  expect(Object.keys(await instances(host))).toEqual(['1'])
})

it('waits for a guest that runs', async () => {
  await using host = await startHost({ workers: 1 })
  await host.put('loop', command, { timeLimitMs: 400 })
  const running = host.run('loop', 'l')
  await Promise.all(['one', 'two'].map((uid) => put(host, uid, library, { warmSlots: 3 })))
  expect((await running).status).toBe(504)
  for (const uid of ['one', 'two']) await warm(host, uid, 3)
})

it('a worker that is lost meanwhile keeps no module from being ready', async () => {
  await using host = await startHost({ workers: 1, graceMs: 0 })
  await host.put('bad', command, { timeLimitMs: 50 })
  const hanging = host.run('bad', 'hang')
  await put(host, 'good', library, { warmSlots: 3 })
  expect((await hanging).status).toBe(502)
  await warm(host, 'good', 3)
})
