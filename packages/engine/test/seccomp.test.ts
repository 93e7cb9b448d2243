/**
 * A seccomp profile that forbids what slots need: refused at the start with the call's name and what to do, never found
 * out by a crash. The kernel forbids it for real, in children.
 */
import { describe, expect, it } from 'vitest'

import { runChild } from './support/child.ts'
import { type FilteredCall, forbidding, type Prohibition } from './support/seccomp.ts'
import { wat } from './support/wat.ts'

const module = wat(`(module (memory (export "m") 2) (data (i32.const 0) "image")
  (func (export "write") (i32.store (i32.const 70000) (i32.const -1)) (i32.store (i32.const 0) (i32.const -1))))`)

/**
 * V8 itself calls mprotect(2) whenever its heap needs a page, and aborts where that is refused. So that it needs none just then,
 * half of many objects and of their shapes are collected before: room on pages that are there.
 */
const roomInTheHeap = `
  const objects = Array.from({ length: 8_000 }, (_, index) => ({ ['name' + index]: [index] }))
  globalThis.kept = objects.filter((_, index) => index % 2 === 0)
  objects.length = 0
  gc()
  gc()
`

/** Three uses on the one slot; prints what each sees, and how the resets went. */
const uses = `
  const module = await engine.compile(new Uint8Array(${JSON.stringify([...module])}))
  for (let use = 0; use < 3; use += 1) {
    const instance = engine.instantiate(module)
    console.log(Buffer.from(instance.read(0, 5)).toString(), instance.read(70000, 1)[0])
    instance.exports.write()
    instance.release()
  }
  const { resetsDecommitted, resetsCopiedBack, resetsFailed } = engine.metrics().pool
  console.log(JSON.stringify([resetsDecommitted, resetsCopiedBack, resetsFailed]))
  await engine.close()`

const fixedFile = { index: 3, mask: 0x30, equals: 0x10 }
const fixedAnonymous = { index: 3, mask: 0x30, equals: 0x30 }

describe('a profile that forbids', () => {
  const forbidden: [string, Prohibition][] = [
    ['memfd_create, as an old kernel', { call: 'memfd_create', errno: 'ENOSYS' }],
    ['memfd_create', { call: 'memfd_create', errno: 'EPERM' }],
    ['sizing a memfd', { call: 'ftruncate', errno: 'EPERM' }],
    ['sealing a memfd', { call: 'fcntl', errno: 'EPERM', argument: { index: 1, equals: 1033 } }],
    ['writing a memfd', { call: 'pwrite', errno: 'EPERM' }],
    ['mapping a file at an address', { call: 'mmap', errno: 'EPERM', argument: fixedFile }],
    [
      'mapping a file at an address, by a security module',
      { call: 'mmap', errno: 'EACCES', argument: fixedFile },
    ],
    ['mapping zeros at an address', { call: 'mmap', errno: 'EPERM', argument: fixedAnonymous }],
    ['mprotect', { call: 'mprotect', errno: 'EPERM' }],
    ['taking access away', { call: 'mprotect', errno: 'EACCES', argument: { index: 2, equals: 0 } }],
    ['madvise', { call: 'madvise', errno: 'EPERM' }],
    ['madvise, as a kernel without it', { call: 'madvise', errno: 'ENOSYS' }],
    ['giving pages back', { call: 'madvise', errno: 'EPERM', argument: { index: 2, equals: 4 } }],
    // Without munmap V8 itself aborts at some garbage collection: there is nobody to refuse anything.
  ]
  it.each(forbidden)('%s', (_what, prohibition) => {
    const script = `${roomInTheHeap}${forbidding(prohibition)}
      let refused
      try { new warmslot.Engine({ slots: 1, maxMemoryBytes: 2 ** 20 }) } catch (error) { refused = error }
      process.stdout.write(JSON.stringify([refused?.code, refused?.message, refused?.cause?.code]))
      process.reallyExit(0)`
    const child = runChild(script, { node: ['--expose-gc'] })
    expect(child).toMatchObject({ signal: null, status: 0, stderr: '' })
    const [code, message, cause] = JSON.parse(child.stdout) as [string, string, string]
    expect(code).toBe('WARMSLOT_UNSUPPORTED_RUNTIME')
    expect(message).toContain(
      `${prohibition.call satisfies FilteredCall} is refused with ${prohibition.errno}`,
    )
    expect(message).toContain('seccomp profile that allows')
    expect(cause).toBe('WARMSLOT_SYSTEM_CALL')
  })
})

describe('a profile that forbids only what can be done without', () => {
  const scan = { index: 1, equals: 0xc0_60_66_10 }
  it.each(['EPERM', 'ENOSYS', 'ENOTTY', 'EACCES'] as const)('PAGEMAP_SCAN, %s', (errno) => {
    const child = runChild(`${forbidding({ call: 'ioctl', errno, argument: scan })}
      const engine = new warmslot.Engine({ slots: 1, maxMemoryBytes: 2 ** 20 })${uses}`)
    expect(child).toMatchObject({ signal: null, status: 0, stderr: '' })
    const [first, second, third, resets = ''] = child.stdout.split('\n')
    expect([first, second, third]).toEqual(Array(3).fill('image 0'))
    expect(JSON.parse(resets)).toEqual([3, 0, 0])
  })

  it('PAGEMAP_SCAN from some time on: resets go on by giving back', () => {
    const child = runChild(`
      const engine = new warmslot.Engine({ slots: 1, maxMemoryBytes: 2 ** 20 })
      ${forbidding({ call: 'ioctl', errno: 'EPERM', argument: scan })}${uses}`)
    expect(child).toMatchObject({ signal: null, status: 0, stderr: '' })
    expect(child.stdout.split('\n').slice(0, 4)).toEqual([...Array<string>(3).fill('image 0'), '[3,0,0]'])
  })

  it('reading a memfd: resets go on by giving back', () => {
    const child = runChild(`${forbidding({ call: 'pread', errno: 'EPERM' })}
      const engine = new warmslot.Engine({ slots: 1, maxMemoryBytes: 2 ** 20 })${uses}`)
    expect(child).toMatchObject({ signal: null, status: 0, stderr: '' })
    expect(child.stdout.split('\n').slice(0, 4)).toEqual([...Array<string>(3).fill('image 0'), '[3,0,0]'])
  })

  it('nothing: the control', () => {
    const child = runChild(`${forbidding()}
      const engine = new warmslot.Engine({ slots: 1, maxMemoryBytes: 2 ** 20 })${uses}`)
    expect(child).toMatchObject({ signal: null, status: 0, stderr: '' })
    expect(child.stdout.split('\n').slice(0, 4)).toEqual([
      ...Array<unknown>(3).fill('image 0'),
      expect.stringMatching(/^\[\d,\d,0\]$/),
    ])
  })
})
