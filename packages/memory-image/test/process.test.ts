/** What can only be seen from outside: crashes, other platforms, worker threads that are terminated, the built files. */

import { describe, expect, test } from 'vitest'
import { entry, runScript } from './support/run-script.ts'

const prelude = `
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import * as memoryImage from ${JSON.stringify(entry)}
const { MemoryImage, RawReservation, SlotMemory, addressOf, viewOver } = memoryImage
const wasmPage = 65536
`

describe('beyond the logical size', () => {
  const slot = `${prelude}
    const memory = new WebAssembly.Memory({ initial: 16, maximum: 16 })
    const slot = new SlotMemory({ base: addressOf(memory.buffer), byteLength: memory.buffer.byteLength })
    slot.prepare(MemoryImage.fromBytes(Uint8Array.of(42)), 2 * wasmPage)
  `

  test('WebAssembly code traps', () => {
    // (module (import "m" "memory" (memory 16)) (func (export "load") (param i32) (result i32) local.get 0 i32.load8_u))
    const module = [
      0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 6, 1, 0x60, 1, 0x7f, 1, 0x7f, 2, 13, 1, 1, 0x6d, 6, 0x6d, 0x65,
      0x6d, 0x6f, 0x72, 0x79, 2, 0, 16, 3, 2, 1, 0, 7, 8, 1, 4, 0x6c, 0x6f, 0x61, 0x64, 0, 0, 10, 9, 1, 7, 0,
      0x20, 0, 0x2d, 0, 0, 0x0b,
    ]
    const result = runScript(`${slot}
      const instance = new WebAssembly.Instance(
        new WebAssembly.Module(Uint8Array.of(${module.join()})), { m: { memory } })
      const { load } = instance.exports
      console.log(load(0), load(2 * wasmPage - 1))
      for (const address of [2 * wasmPage, 16 * wasmPage - 1]) {
        try { load(address) } catch (error) { console.log(error instanceof WebAssembly.RuntimeError) }
      }
      slot.grow(3 * wasmPage)
      console.log(load(2 * wasmPage))
    `)
    expect(result).toMatchObject({ status: 0, stdout: '42 0\ntrue\ntrue\n0\n' })
  })

  test('anybody else dies', () => {
    const result = runScript(`${slot}
      const bytes = new Uint8Array(memory.buffer)
      console.log(bytes[0])
      console.log(bytes[2 * wasmPage])
    `)
    expect(result).toMatchObject({ status: null, signal: 'SIGSEGV', stdout: '42\n' })
  })
})

describe('where it cannot work', () => {
  test.each([
    ['platform', 'darwin', /works on Linux only, and this is darwin/u],
    ['arch', 'riscv64', /works on x64 and arm64 only, and this is riscv64/u],
  ])('process.%s = %s: importing works, the first use says so', (property, value, message) => {
    const result = runScript(`
      Object.defineProperty(process, ${JSON.stringify(property)}, { value: ${JSON.stringify(value)} })
      const { MemoryImage, RawReservation, UnsupportedPlatformError, assertSupportedPlatform, addressOf } =
        await import(${JSON.stringify(entry)})
      for (const use of [
        () => assertSupportedPlatform(),
        () => MemoryImage.fromBytes(Uint8Array.of(1)),
        () => new RawReservation(65536),
        () => addressOf(new ArrayBuffer(1)),
      ]) {
        try { use() } catch (error) { console.log(UnsupportedPlatformError.isInstance(error), error.code, error.message) }
      }
    `)
    expect(result.status).toBe(0)
    const lines = result.stdout.trim().split('\n')
    expect(lines).toHaveLength(4)
    for (const line of lines) {
      expect(line).toMatch(/^true WARMSLOT_UNSUPPORTED_PLATFORM /u)
      expect(line).toMatch(message)
    }
  })

  test('under --permission, the error names the flag', () => {
    const result = runScript(
      `const { assertSupportedPlatform } = await import(${JSON.stringify(entry)})
       try { assertSupportedPlatform() } catch (error) { console.log(error.code, error.message) }`,
      ['--permission', '--allow-fs-read=*'],
    )
    expect(result.status).toBe(0)
    expect(result.stdout).toMatch(/^WARMSLOT_UNSUPPORTED_PLATFORM .*--allow-addons/u)
  })

  test('importing loads no koffi', () => {
    const result = runScript(`${prelude}
      console.log(readFileSync('/proc/self/maps', 'utf8').includes('koffi'))
      memoryImage.assertSupportedPlatform()
      console.log(readFileSync('/proc/self/maps', 'utf8').includes('koffi'))
    `)
    expect(result).toMatchObject({ status: 0, stdout: 'false\ntrue\n' })
  })
})

test('a terminated worker leaves no descriptor and no mapping of an image', () => {
  const worker = `
    import { parentPort } from 'node:worker_threads'
    ${prelude}
    const memory = new WebAssembly.Memory({ initial: 16, maximum: 16 })
    const slot = new SlotMemory({ base: addressOf(memory.buffer), byteLength: memory.buffer.byteLength })
    slot.prepare(MemoryImage.fromBytes(new Uint8Array(wasmPage).fill(1)), 2 * wasmPage)
    slot.write(5, Uint8Array.of(9))
    slot.reset()
    slot.write(5, Uint8Array.of(9))
    slot.reset()
    parentPort.postMessage('ready')
    setInterval(() => {}, 1000)
  `
  const result = runScript(`
    import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
    import { Worker } from 'node:worker_threads'
    const links = () => readdirSync('/proc/self/fd').flatMap((entry) => {
      try { return [readlinkSync('/proc/self/fd/' + entry)] } catch { return [] } })
    const memfds = () => links().filter((target) => target.includes('memfd:warmslot')).length
    const pagemaps = () => links().filter((target) => target.endsWith('/pagemap')).length
    const mapped = () => readFileSync('/proc/self/maps', 'utf8').split('memfd:warmslot').length - 1
    const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(${JSON.stringify(worker)})))
    await new Promise((resolve, reject) => { worker.once('message', resolve); worker.once('error', reject) })
    console.log(memfds(), mapped())
    await worker.terminate()
    console.log(memfds(), mapped(), pagemaps())
  `)
  expect(result).toMatchObject({ status: 0, stdout: '1 1\n0 0 0\n' })
})

test(
  'running out of mappings is an error with a hint, and slots can still be wiped',
  { timeout: 60_000 },
  () => {
    const script = `${prelude}
    if (memoryImage.mapCountLimit() > 200_000) process.exit(77)
    const image = MemoryImage.fromBytes(Uint8Array.of(1), { offset: wasmPage })
    const slots = []
    const reservations = []
    try {
      for (;;) {
        const reservation = new RawReservation(4 * wasmPage)
        const slot = new SlotMemory(reservation)
        reservations.push(reservation)
        slot.prepare(image, 2 * wasmPage)
        slots.push(slot)
      }
    } catch (error) {
      // At the limit V8 aborts when it needs a mapping itself: make room before anything else.
      for (let index = 0; index < 500; index += 1) slots[index].wipe()
      console.log(error.code, error.hint, slots[0].state, slots[499].state)
    }
  `
    // Where V8's collector wants a mapping just then, the process is gone: nobody can help that, and it is seldom.
    let result = runScript(script)
    for (let tries = 1; result.signal !== null && tries < 5; tries += 1) result = runScript(script)
    // 77: the limit of this machine is too high to be reached in a test.
    if (result.status === 77) return
    expect(result).toMatchObject({ status: 0 })
    expect(result.stdout).toMatch(/^WARMSLOT_SYSTEM_CALL .*vm\.max_map_count.* untouched untouched\n$/u)
  },
)

test('the built entries share the injection of faults', () => {
  const result = runScript(`
    import { MemoryImage } from '@warmslot/memory-image'
    import { injectFaults } from '@warmslot/memory-image/testing'
    const faults = injectFaults(({ call }) => (call === 'memfd_create' ? 'EMFILE' : undefined))
    try { MemoryImage.fromBytes(Uint8Array.of(1)) } catch (error) { console.log(error.name, error.errno) }
    faults[Symbol.dispose]()
    console.log(MemoryImage.fromBytes(Uint8Array.of(1)).closed)
  `)
  expect(result).toMatchObject({ status: 0, stdout: 'SystemCallError EMFILE\nfalse\n' })
})
