/** A folder of modules: what is put there is served, what changes takes over without a gap, what goes is purged. */
import { processImageMappings } from '@warmslot/engine'
import { mkdtempSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { library, numbered } from './support/programs.ts'
import { startHost, type TestHost } from './support/test-host.ts'

let folder: string
let host: TestHost

beforeEach(async () => {
  folder = mkdtempSync(`${tmpdir()}/warmslot-folder-`)
  writeFileSync(`${folder}/first.wasm`, numbered(1))
  writeFileSync(`${folder}/first.json`, '{"timeLimitMs": 1234, "concurrency": 1}')
  writeFileSync(`${folder}/broken.wasm`, 'no module')
  writeFileSync(`${folder}/a name.wasm`, numbered(1))
  writeFileSync(`${folder}/notes.txt`, 'no module either')
  host = await startHost({ modules: folder })
})
afterEach(async () => {
  await host[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

interface Listed {
  readonly state: string
  readonly uid: string
  readonly name: string
  readonly settings: { readonly timeLimitMs: number }
}

async function list(): Promise<Listed[]> {
  return ((await (await fetch(`${host.admin}/v1/modules`)).json()) as { modules: Listed[] }).modules
}

async function answer(name: string): Promise<string> {
  return (await host.run(name, '')).text()
}

async function until(what: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 20_000; performance.now() < end; await sleep(50))
    if (await what()) return
  throw new Error('it did not come to be')
}

it('has loaded what can be loaded when it is ready, with its settings', async () => {
  expect((await list()).map(({ name, settings }) => [name, settings.timeLimitMs])).toEqual([['first', 1234]])
  expect(await answer('first')).toBe('00000001')
  expect((await host.run('broken', '')).status).toBe(404)
})

it('loads what comes, a broken file once it is whole, and purges what goes', async () => {
  writeFileSync(`${folder}/second.wasm`, library)
  writeFileSync(`${folder}/broken.wasm`, numbered(3))
  await until(async () => (await list()).filter(({ state }) => state === 'ready').length === 3)
  expect(await (await host.call('second', 'add', { arguments: [1, 2] })).json()).toEqual({ result: 3 })
  expect(await answer('broken')).toBe('00000003')
  for (const name of ['second', 'broken', 'first']) unlinkSync(`${folder}/${name}.wasm`)
  await until(async () => (await list()).length === 0)
  expect((await host.run('first', '')).status).toBe(404)
  expect(await processImageMappings()).toEqual([])
})

it('a changed module takes over without a gap, and so do changed settings', async () => {
  const seen = new Set<string>()
  const failed: number[] = []
  const ending = new AbortController()
  const client = (async () => {
    while (!ending.signal.aborted) {
      const response = await host.run('first', '')
      if (response.status !== 200) failed.push(response.status)
      seen.add(await response.text())
    }
  })()
  for (let version = 2; version <= 5; version += 1) {
    const [before] = await list()
    writeFileSync(`${folder}/first.next`, numbered(version))
    renameSync(`${folder}/first.next`, `${folder}/first.wasm`)
    await until(async () => {
      const listed = await list()
      return listed.length === 1 && listed[0]!.uid !== before!.uid
    })
    expect(await answer('first')).toBe(`0000000${version}`)
  }
  writeFileSync(`${folder}/first.json`, '{"timeLimitMs": 4321}')
  await until(async () => (await list())[0]?.settings.timeLimitMs === 4321)
  ending.abort()
  await client
  expect(failed).toEqual([])
  expect([...seen].sort()).toEqual([1, 2, 3, 4, 5].map((version) => `0000000${version}`))
})

it('settings that are wrong leave what was there', async () => {
  writeFileSync(`${folder}/first.json`, '{"timeLimitMs": "soon"}')
  await sleep(1_000)
  expect((await list()).map(({ name, settings }) => [name, settings.timeLimitMs])).toEqual([['first', 1234]])
  expect(await answer('first')).toBe('00000001')
})
