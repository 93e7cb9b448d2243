/** Signs of memory pressure: as the kernel writes them, into directories of the test; and once from a real cgroup. */
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MemoryPressure } from '../src/index.ts'
import { entry, runScript } from './support/run-script.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'memory-pressure-'))
})
afterEach(() => rmSync(root, { recursive: true }))

function files(contents: Record<string, string | number>): void {
  for (const [path, text] of Object.entries(contents)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), `${text}\n`)
  }
}

function pressure(): MemoryPressure {
  return new MemoryPressure({ procDirectory: join(root, 'proc'), cgroupDirectory: join(root, 'cgroup') })
}

const stalls = (microseconds: number): string =>
  `some avg10=0.00 avg60=0.00 avg300=0.00 total=${microseconds}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0`

test('without any of the files nothing is said', () => {
  const none = pressure()
  expect([none.isHigh(0), none.isHigh(1_000)]).toEqual([false, false])
})

test('stalls: their share of the time since the last look counts', () => {
  files({ 'proc/pressure/memory': stalls(7_000_000) })
  const system = pressure()
  expect(system.isHigh(0)).toBe(false)
  expect(system.isHigh(1_000)).toBe(false)
  files({ 'proc/pressure/memory': stalls(7_049_000) })
  expect(system.isHigh(2_000)).toBe(false)
  files({ 'proc/pressure/memory': stalls(7_100_000) })
  expect(system.isHigh(3_000)).toBe(true)
  // Looked at again at once: as before.
  expect(system.isHigh(3_001)).toBe(true)
  expect(system.isHigh(4_000)).toBe(false)
  files({ 'proc/pressure/memory': 'not what it was' })
  expect(system.isHigh(5_000)).toBe(false)
})

test.each([
  ['version 2', '0::/pod/box', 'pod/box', 'memory.current', 'memory.max', 'inactive_file'],
  ['version 2, memory.high', '0::/pod/box', 'pod/box', 'memory.current', 'memory.high', 'inactive_file'],
  ['version 2, one above', '0::/pod/box', 'pod', 'memory.current', 'memory.max', 'inactive_file'],
  ['version 2 in a container', '0::/../pod/box', '.', 'memory.current', 'memory.max', 'inactive_file'],
  [
    'version 1',
    '11:cpu:/elsewhere\n4:memory:/pod/box',
    'memory/pod/box',
    'memory.usage_in_bytes',
    'memory.limit_in_bytes',
    'total_inactive_file',
  ],
])('a limit of a cgroup, %s', (_name, own, directory, usage, limit, inactive) => {
  const group = (used: number, cache: number): void =>
    files({
      [`cgroup/${directory}/${usage}`]: used,
      [`cgroup/${directory}/memory.stat`]: `anon 1\n${inactive} ${cache}`,
    })
  files({ 'proc/self/cgroup': own, [`cgroup/${directory}/${limit}`]: 1_000_000 })
  group(899_999, 0)
  const cgroup = pressure()
  expect(cgroup.isHigh()).toBe(false)
  group(900_000, 0)
  expect(cgroup.isHigh()).toBe(true)
  // Page cache that the kernel can drop at once.
  group(990_000, 100_000)
  expect(cgroup.isHigh()).toBe(false)
  files({ [`cgroup/${directory}/${limit}`]: directory.startsWith('memory') ? '9223372036854771712' : 'max' })
  group(2 ** 50, 0)
  expect(cgroup.isHigh()).toBe(false)
})

test('stalls of the own cgroup', () => {
  files({
    'proc/self/cgroup': '0::/box',
    'cgroup/box/memory.current': 5,
    'cgroup/box/memory.pressure': stalls(10),
  })
  const cgroup = pressure()
  cgroup.isHigh(0)
  files({ 'cgroup/box/memory.pressure': stalls(300_010) })
  expect(cgroup.isHigh(1_000)).toBe(true)
})

/** A directory below the own memory cgroup; undefined where none can be made. */
function realCgroup(): string | undefined {
  for (const mount of ['/sys/fs/cgroup/memory', '/sys/fs/cgroup']) {
    const directory = `${mount}/memory-pressure-${process.pid}`
    const limit = mount.endsWith('memory') ? 'memory.limit_in_bytes' : 'memory.max'
    try {
      mkdirSync(directory)
      try {
        writeFileSync(`${directory}/${limit}`, String(300 * 2 ** 20))
        return directory
      } catch {
        rmdirSync(directory)
      }
    } catch {
      // Not ours to make.
    }
  }
  return undefined
}

const cgroup = realCgroup()
test.skipIf(cgroup === undefined)(
  'a real cgroup: a process that fills its limit hears of it, and of the end',
  () => {
    const result = runScript(
      `
    import { readFileSync, writeFileSync } from 'node:fs'
    writeFileSync(${JSON.stringify(`${cgroup}/cgroup.procs`)}, String(process.pid))
    const { MemoryPressure } = await import(${JSON.stringify(entry)})
    const pressure = new MemoryPressure()
    const said = [pressure.isHigh()]
    let filler = new WebAssembly.Memory({ initial: 0, maximum: 65536 })
    const limit = 300 * 2 ** 20
    while (filler.buffer.byteLength < limit && !pressure.isHigh()) {
      const end = filler.buffer.byteLength
      filler.grow(32)
      new Uint8Array(filler.buffer, end).fill(1)
    }
    said.push(pressure.isHigh())
    filler = undefined
    globalThis.gc()
    await new Promise((resolve) => setTimeout(resolve, 300))
    said.push(pressure.isHigh())
    console.log(JSON.stringify(said))`,
      ['--expose-gc'],
    )
    rmdirSync(cgroup!)
    expect(result).toMatchObject({ signal: null, status: 0 })
    expect(JSON.parse(result.stdout)).toEqual([false, true, false])
  },
)
