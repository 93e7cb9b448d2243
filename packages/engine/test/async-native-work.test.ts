/**
 * Asynchronous native work on a view goes on after the release, whatever detaching does: the danger, made certain, and
 * the cure by `read`, `write` and `hold`. In child processes, since the danger can be the end of one.
 */
import { describe, expect, it } from 'vitest'

import { type ChildResult, runChild } from './support/child.ts'

type Way = 'view' | 'copy' | 'hold'

/**
 * One slot. The first tenant writes `A` everywhere and starts the work; the second one has the slot as soon as it may,
 * and writes `B`. The thread pool's only thread is kept busy until then, so that the work surely comes after that.
 */
function scenario(way: Way, work: string): ChildResult {
  return runChild(`
    process.env.UV_THREADPOOL_SIZE = '1'
    const { once } = await import('node:events')
    const { promisify } = await import('node:util')
    const crypto = await import('node:crypto')
    const fs = await import('node:fs')
    const zlib = await import('node:zlib')
    const net = await import('node:net')
    const way = ${JSON.stringify(way)}
    const length = 64 * 65_536
    const engine = new warmslot.Engine({ slots: 1, maxMemoryBytes: length })
    // (module (memory (export "m") 1 64))
    const module = await engine.compile(Uint8Array.from(Buffer.from('AGFzbQEAAAAFBAEBAUAHBQEBbQIA', 'base64')))
    const holdPool = () => promisify(crypto.pbkdf2)('password', 'salt', 300_000, 32, 'sha256')

    const first = engine.instantiate(module)
    first.memory.grow(63)
    new Uint8Array(first.memory.buffer).fill(65)
    /** What the work is given, and how the first tenant starts it. */
    const bytes = way === 'copy' ? first.read(0, length) : new Uint8Array(first.memory.buffer)
    const start = (work) => way === 'hold' ? first.hold(work) : work
    const kinds = (seen) => [...new Set(seen)].map((byte) => String.fromCharCode(byte)).sort().join('')
    let second
    const next = async (fill = 66) => {
      first.release()
      second = await engine.instantiateWhenFree(module, {}, { waitMs: 60_000 })
      second.memory.grow(63)
      if (fill) new Uint8Array(second.memory.buffer).fill(fill)
    }
    ${work}
    process.exit(0)`)
}

const works = {
  'a socket whose peer does not read yet': `
    const path = '\\0warmslot-async-' + process.pid
    const server = net.createServer().listen(path)
    await once(server, 'listening')
    const socket = net.connect(path)
    const [peer] = await once(server, 'connection')
    // Until it is connected, Node's own queue has the view, and would send nothing of a detached one.
    if (way === 'view') await once(socket, 'connect')
    const taken = start(new Promise((resolve) => socket.write(bytes, resolve)))
    const tenant = next()
    // With a view the slot is free at once; while it is held the second tenant waits.
    if (way !== 'hold') await tenant
    const seen = []
    let count = 0
    for await (const part of peer) {
      seen.push(part)
      if ((count += part.length) === length) break
    }
    await taken
    await tenant
    console.log(count === length, kinds(Buffer.concat(seen)))`,
  'fs.write': `
    const path = '/tmp/warmslot-async-' + process.pid
    const file = fs.openSync(path, 'w')
    const busy = holdPool()
    const written = start(promisify(fs.write)(file, bytes))
    const tenant = next()
    if (way !== 'hold') await tenant
    await busy
    await written
    await tenant
    const contents = fs.readFileSync(path)
    fs.rmSync(path)
    console.log(contents.length === length, kinds(contents))`,
  'crypto.pbkdf2 over a view': `
    const expected = crypto.pbkdf2Sync('p', Buffer.alloc(1_000, 65), 1, 8, 'sha1').toString('hex')
    const busy = holdPool()
    const made = start(promisify(crypto.pbkdf2)('p', bytes.subarray(0, 1_000), 1, 8, 'sha1'))
    const tenant = next()
    if (way !== 'hold') await tenant
    await busy
    const result = (await made).toString('hex') === expected
    await tenant
    console.log(true, result ? 'A' : 'B')`,
  'crypto.randomFill, into the memory': `
    const busy = holdPool()
    const filled = start(promisify(crypto.randomFill)(bytes))
    const tenant = next()
    if (way !== 'hold') await tenant
    await busy
    await filled
    await tenant
    const seen = kinds(second.read(0, length))
    console.log(true, seen === 'B' ? 'A' : 'foreign bytes')`,
  'zlib.deflate, while the next tenant is small': `
    const busy = holdPool()
    const deflated = start(promisify(zlib.deflate)(bytes))
    first.release()
    if (way !== 'hold') engine.instantiate(module)
    await busy
    const seen = zlib.inflateSync(await deflated)
    console.log(seen.length === length, kinds(seen))`,
}

describe.each(Object.entries(works))('%s', (name, work) => {
  it('with a view: it meets the next tenant, or the end of the process', () => {
    const { signal, stdout, stderr } = scenario('view', work)
    if (name.startsWith('zlib')) expect(signal, stderr).toBe('SIGSEGV')
    else if (name.includes('pbkdf2')) expect(['true A\n', 'true B\n'], stderr).toContain(stdout)
    else if (name.includes('randomFill')) expect(stdout, stderr).toBe('true foreign bytes\n')
    // The socket's first part was taken by the kernel at once.
    else expect(stdout, stderr).toMatch(/^true A?B\n$/)
  })

  it.each(['copy', 'hold'] as const)('by %s: the bytes of the tenant that started it', (way) => {
    expect(scenario(way, work)).toMatchObject({ signal: null, status: 0, stderr: '', stdout: 'true A\n' })
  })
})
