/**
 * Children beside a full pool, in processes of their own: they start, run and end well, none of them has anything of an
 * image, and none keeps one alive. Judge: /proc of the children.
 */
import { describe, expect, it } from 'vitest'

import { runChild } from './support/child.ts'
import { wat } from './support/wat.ts'

const module = wat(`(module (memory (export "m") 160) (data (i32.const 0) "${'image'.repeat(2_000)}")
  (func (export "dirty") (memory.fill (i32.const 0) (i32.const 7) (i32.const 400000))))`)

const slots = 200

/** Fills a pool, touches pages in every slot, and knows what the kernel has of any process. */
const fullPool = `
  import { spawn, spawnSync, execFileSync, exec, fork } from 'node:child_process'
  import { once } from 'node:events'
  import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
  const engine = new warmslot.Engine({ slots: ${slots}, maxMemoryBytes: 16 * 2 ** 20 })
  const module = await engine.compile(new Uint8Array(${JSON.stringify([...module])}), { label: 'beside' })
  const instances = Array.from({ length: ${slots} }, () => engine.instantiate(module))
  for (const { exports } of instances) exports.dirty()
  const images = (text) => text.split('memfd:warmslot').length - 1
  const mapped = (pid) => images(readFileSync('/proc/' + pid + '/maps', 'latin1'))
  const opened = (pid) => readdirSync('/proc/' + pid + '/fd').flatMap((entry) => {
    try { return [readlinkSync('/proc/' + pid + '/fd/' + entry)] } catch { return [] }
  }).filter((target) => /warmslot|pagemap/.test(target)).length
`

function lines(script: string): unknown[] {
  const child = runChild(fullPool + script)
  expect(child).toMatchObject({ signal: null, status: 0, stderr: '' })
  return child.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)
}

describe('beside a full pool', () => {
  it('the pool is full, and its images are here', () => {
    expect(lines('console.log(mapped("self"), "\\n", opened("self") > 0)')).toEqual([slots, true])
  })

  it('spawn, spawnSync, exec, execFile: run well and have nothing of it', () => {
    // The child looks at itself: no reading at a bad moment.
    const look = `cat /proc/self/maps; ls -l /proc/self/fd`
    const found = lines(`
      const report = (text) => console.log(JSON.stringify([text.includes('/cat'), images(text), text.includes('pagemap')]))
      const sync = spawnSync('sh', ['-c', ${JSON.stringify(look)}], { encoding: 'utf8' })
      report(sync.stdout)
      report(execFileSync('sh', ['-c', ${JSON.stringify(look)}], { encoding: 'utf8' }))
      report(await new Promise((resolve, reject) =>
        exec(${JSON.stringify(look)}, (error, out) => (error ? reject(error) : resolve(out)))))
      const child = spawn('sh', ['-c', ${JSON.stringify(look)}])
      let text = ''
      child.stdout.on('data', (piece) => (text += piece))
      const [code] = await once(child, 'close')
      report(text)
      console.log(code, '\\n', spawnSync('sh', ['-c', 'exit 7']).status)
      console.log(JSON.stringify(spawnSync('/does/not/exist').error.code))
    `)
    expect(found).toEqual([...Array.from({ length: 4 }, () => [true, 0, false]), 0, 7, 'ENOENT'])
  })

  it('fork: a Node.js process with a channel and a pool of its own', () => {
    const source = `
      import * as warmslot from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)}
      import { readFileSync } from 'node:fs'
      process.on('message', async (bytes) => {
        const before = readFileSync('/proc/self/maps', 'latin1').includes('memfd:warmslot')
        const engine = new warmslot.Engine({ slots: 2, maxMemoryBytes: 16 * 2 ** 20 })
        const instance = engine.instantiate(await engine.compile(new Uint8Array(bytes)))
        process.send([before, Buffer.from(instance.read(0, 5)).toString()])
        instance.release()
        await engine.close()
        process.disconnect()
      })`
    const found = lines(`
      const source = ${JSON.stringify(source)}
      // As cluster does: several at once, each with its channel.
      const results = await Promise.all([1, 2, 3].map(async () => {
        const child = fork('data:,', [], { execArgv: ['--input-type=module', '--eval', source] })
        child.send(${JSON.stringify([...module])})
        const exited = once(child, 'exit')
        const [answer] = await once(child, 'message')
        const [code] = await exited
        return [...answer, code]
      }))
      console.log(JSON.stringify(results))
      console.log(Buffer.from(instances[0].read(0, 1))[0], '\\n', mapped('self'))
    `)
    expect(found).toEqual([Array.from({ length: 3 }, () => [false, 'image', 0]), 7, slots])
  })
})

describe('a module that is disposed while children live', () => {
  it('is gone from the system, and its memory is free', () => {
    // 128 MiB, so that what others do meanwhile does not decide; no zeros, so that all of it counts.
    const found = lines(`
      const sharedMiB = () => Number(/^Shmem:\\s+(\\d+)/m.exec(readFileSync('/proc/meminfo', 'latin1'))[1]) / 1024
      const leb = (value) => (value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)])
      const bytes = 128 * 2 ** 20
      const contents = [1, 0, 0x41, 0, 0x0b, ...leb(bytes)]
      const head = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 5, 4, 1, 0, ...leb(2048), 11, ...leb(contents.length + bytes), ...contents]
      const big = new Uint8Array(head.length + bytes).fill(5)
      big.set(head)
      const other = new warmslot.Engine({ slots: 1, maxMemoryBytes: bytes })
      const before = sharedMiB()
      const large = await other.compile(big, { label: 'large' })
      const instance = other.instantiate(large)
      const during = sharedMiB()
      const children = [spawn('sleep', ['100']), spawn('sh', ['-c', 'sleep 100; true'])]
      for (const child of children) if (child.pid === undefined) await once(child, 'spawn')
      instance.release()
      const { complete, kernel } = await large.dispose()
      console.log(JSON.stringify([complete, kernel]))
      // Every process there is that may be read.
      const holders = readdirSync('/proc').filter((entry) => /^\\d+$/.test(entry)).filter((pid) => {
        try { return readFileSync('/proc/' + pid + '/maps', 'latin1').includes(':large') } catch { return false }
      })
      console.log(holders.length)
      let after = sharedMiB()
      for (let tries = 0; tries < 100 && after > during - 100; tries += 1) {
        await new Promise((resolve) => setTimeout(resolve, 50))
        after = sharedMiB()
      }
      console.log(during - before > 100, '\\n', during - after > 100)
      console.log(JSON.stringify(children.map(({ exitCode, signalCode }) => [exitCode, signalCode])))
      for (const child of children) child.kill()
      await Promise.all(children.map((child) => once(child, 'exit')))
      process.exit()
    `)
    expect(found).toEqual([
      [true, { mappings: 0, descriptors: 0 }],
      0,
      true,
      true,
      [
        [null, null],
        [null, null],
      ],
    ])
  })
})
