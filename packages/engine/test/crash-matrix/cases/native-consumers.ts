/** Native code that is given a view: at the start, at the edge and over the whole of a memory, synchronously and held. */
/* oxlint-disable unicorn/consistent-function-scoping, unicorn/require-post-message-target-origin -- scripts; and the target is a worker */
import { deepStrictEqual } from 'node:assert/strict'
import * as crypto from 'node:crypto'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StringDecoder } from 'node:string_decoder'
import { inspect } from 'node:util'
import * as v8 from 'node:v8'
import { MessageChannel, Worker, receiveMessageOnPort } from 'node:worker_threads'
import * as zlib from 'node:zlib'

import type { Anything, Case, World } from '../case.ts'
import { pageBytes } from '../world.ts'
import { attempts } from './host-views.ts'

const text = `(module (memory (export "m") 2 4) (data (i32.const 0) "\\c3\\a4 text {\\"a\\": 1}")
  (data (i32.const 65536) "\\00asm\\01\\00\\00\\00") (data (i32.const 131069) "\\e2\\82\\ac"))`
const memoryBytes = 2 * pageBytes

const digest = (bytes: Anything): string => crypto.createHash('sha256').update(bytes).digest('hex')
const path = join(tmpdir(), `warmslot-crash-matrix-${process.pid}`)

/** Views at every place that matters: all, the first bytes, the last one, the last few, none at the very end. */
function viewsOf(buffer: ArrayBuffer): Uint8Array<ArrayBuffer>[] {
  const places: [number, number][] = [
    [0, memoryBytes],
    [0, 20],
    [memoryBytes - 1, 1],
    [memoryBytes - 4_097, 4_097],
    [memoryBytes, 0],
  ]
  return places.map(([at, length]) => new Uint8Array(buffer, at, length))
}

/** What `use` does with each view, in the order of the views, and the memory's bytes afterwards. */
function each(name: string, use: (view: Uint8Array<ArrayBuffer>) => unknown, grown = false): Case {
  return {
    name: grown ? `${name}, after growth` : name,
    family: name,
    async run({ open }: World) {
      const { memories, end } = await open(text)
      const [memory] = memories
      if (grown) memory!.grow(1)
      const outcomes: unknown[] = []
      for (const view of viewsOf(memory!.buffer)) {
        try {
          outcomes.push(await use(view))
        } catch (error) {
          outcomes.push(`${(error as Error).constructor.name}: ${(error as Error).message}`)
        }
      }
      outcomes.push(digest(new Uint8Array(memory!.buffer)))
      end()
      return outcomes
    },
  }
}

function inFile<T>(flags: string, use: (file: number) => T): T {
  if (flags !== 'w') fs.writeFileSync(path, Buffer.alloc(memoryBytes + 100, 'file'))
  const file = fs.openSync(path, flags)
  try {
    return use(file)
  } finally {
    fs.closeSync(file)
    fs.rmSync(path)
  }
}

const key = Buffer.alloc(32, 1)
const ed25519 = crypto.generateKeyPairSync('ed25519')

const consumers: readonly [string, (view: Uint8Array<ArrayBuffer>) => unknown][] = [
  ...['utf-8', 'utf-16le', 'latin1', 'shift_jis'].flatMap(
    (encoding): [string, (view: Uint8Array) => unknown][] => [
      [`TextDecoder ${encoding}`, (view) => digest(new TextDecoder(encoding).decode(view))],
      [
        `TextDecoder ${encoding}, fatal`,
        (view) => digest(new TextDecoder(encoding, { fatal: true }).decode(view)),
      ],
    ],
  ),
  [
    'TextDecoder, streaming',
    (view) => {
      const decoder = new TextDecoder()
      return digest(decoder.decode(view, { stream: true }) + decoder.decode())
    },
  ],
  [
    'TextEncoder.encodeInto',
    (view) => JSON.stringify(new TextEncoder().encodeInto('ä€𝄞'.repeat(40_000), view)),
  ],
  [
    'Buffer.toString in every encoding',
    (view) =>
      (['utf8', 'utf16le', 'latin1', 'ascii', 'hex', 'base64', 'base64url'] as const).map((encoding) =>
        digest(Buffer.from(view.buffer, view.byteOffset, view.length).toString(encoding)),
      ),
  ],
  [
    'Buffer: write, copy, compare, indexOf, swap, concat',
    (view) => {
      const bytes = Buffer.from(view.buffer, view.byteOffset, view.length)
      return attempts(
        () => bytes.write('ä€𝄞'.repeat(40_000), 'utf8'),
        () => bytes.write('ab'.repeat(70_000), 'hex'),
        () => bytes.copy(bytes, 3),
        () => Buffer.alloc(10).copy(bytes, Math.max(0, bytes.length - 3)),
        () => Buffer.compare(bytes, Buffer.alloc(5)),
        () => bytes.indexOf('not there'),
        () => bytes.lastIndexOf(Buffer.from('ab')),
        () => bytes.fill('xyz').length,
        () => bytes.swap64().length,
        () => Buffer.concat([bytes, bytes]).length,
      )
    },
  ],
  ['StringDecoder', (view) => digest(new StringDecoder('utf8').write(Buffer.from(view)))],
  [
    'Buffer.from(view), new Uint8Array(view), slice',
    (view) => [Buffer.from(view), new Uint8Array(view), view.slice()].map(digest),
  ],
  ...['sha256', 'sha512', 'md5'].map((name): [string, (view: Uint8Array) => unknown] => [
    `crypto ${name}`,
    (view) => [digest(view), crypto.createHmac(name, view).update(view).digest('hex')],
  ]),
  ['crypto.hash', (view) => (crypto as Anything).hash?.('sha1', view)],
  [
    'crypto ciphers',
    (view) => {
      const cipher = crypto.createCipheriv('aes-256-gcm', key, Buffer.alloc(12))
      return [digest(cipher.update(view)), digest(cipher.final())]
    },
  ],
  [
    'crypto.timingSafeEqual, pbkdf2Sync, scryptSync, hkdfSync',
    (view) => [
      crypto.timingSafeEqual(view, view),
      crypto.pbkdf2Sync(view, view, 1, 16, 'sha1').toString('hex'),
      crypto.scryptSync(view, 'salt', 16, { N: 2 }).toString('hex'),
      digest(new Uint8Array(crypto.hkdfSync('sha1', view.subarray(0, 9), view, 'x', 16))),
    ],
  ],
  [
    'crypto.sign, verify',
    (view) => {
      const { privateKey, publicKey } = ed25519
      const signature = crypto.sign(undefined, view, privateKey)
      return [signature.toString('hex'), crypto.verify(undefined, view, publicKey, signature)]
    },
  ],
  [
    'crypto.randomFillSync, getRandomValues',
    (view) => {
      const outcomes = attempts(
        () => crypto.randomFillSync(view).length,
        () => crypto.randomFillSync(view, view.length, 0).length,
        () => crypto.randomFillSync(view, 0, view.length + 1).length,
        () => crypto.getRandomValues(view).length,
      )
      view.fill(1)
      return outcomes
    },
  ],
  [
    'fs.writeSync',
    (view) =>
      inFile('w', (file) =>
        attempts(
          () => fs.writeSync(file, view),
          () => fs.writeSync(file, view, 0, view.length + 1),
          () => fs.writeSync(file, view, view.length, 1),
          () => fs.writevSync(file, [view, view, view.subarray(0, 0)]),
          () => fs.writeFileSync(file, view),
          () => digest(fs.readFileSync(path)),
        ),
      ),
  ],
  [
    'fs.readSync',
    (view) =>
      inFile('r', (file) =>
        attempts(
          () => fs.readSync(file, view),
          () => fs.readSync(file, view, 0, view.length + 1, 0),
          () => fs.readSync(file, view, view.length, 1, 0),
          () => fs.readvSync(file, [view, view], 5),
          () => digest(view),
        ),
      ),
  ],
  [
    'fs, asynchronous and awaited',
    async (view) => {
      const file = await fs.promises.open(path, 'w+')
      try {
        const written = await file.write(view)
        const read = await file.read(view, { position: 0 })
        await file.writev([view, view])
        return [written.bytesWritten, read.bytesRead, digest(await fs.promises.readFile(path))]
      } finally {
        await file.close()
        fs.rmSync(path)
      }
    },
  ],
  [
    'zlib, synchronous',
    (view) =>
      attempts(
        ...[zlib.deflateSync, zlib.gzipSync, zlib.deflateRawSync, zlib.brotliCompressSync].map(
          (compress) => () => digest(compress(view)),
        ),
        () => digest(zlib.inflateSync(zlib.deflateSync(view))),
        () => digest(zlib.gunzipSync(view)),
        () => (zlib as Anything).crc32?.(view),
      ),
  ],
  [
    'zlib, asynchronous and awaited',
    (view) =>
      new Promise((resolve, reject) =>
        zlib.gzip(view, (error, result) => (error ? reject(error) : resolve(digest(result)))),
      ),
  ],
  [
    'crypto, asynchronous and awaited',
    async (view) => {
      const filled = await new Promise((resolve, reject) =>
        crypto.randomFill(view, (error, result) => (error ? reject(error) : resolve(result.length))),
      )
      view.fill(3)
      const key1 = new Promise((resolve) =>
        crypto.pbkdf2(view, view, 2, 8, 'sha1', (_error, made) => resolve(made.toString('hex'))),
      )
      return [filled, await key1, Buffer.from(await crypto.subtle.digest('SHA-256', view)).toString('hex')]
    },
  ],
  ['structuredClone of a view', (view) => digest(structuredClone(view))],
  ['v8.serialize', (view) => digest(v8.deserialize(v8.serialize(view)))],
  [
    'util.inspect, JSON.stringify',
    (view) => [digest(inspect(view)), digest(inspect(view.buffer)), JSON.stringify(view.subarray(0, 9))],
  ],
  [
    'Blob, Response',
    async (view) => [
      digest(Buffer.from(await new Blob([view, view.buffer]).arrayBuffer())),
      digest(Buffer.from(await new Response(view).arrayBuffer())),
    ],
  ],
  [
    'MessageChannel',
    (view) => {
      const { port1, port2 } = new MessageChannel()
      port1.postMessage(view)
      const { message } = receiveMessageOnPort(port2) as Anything
      port1.close()
      return digest(message)
    },
  ],
  [
    'a worker gets a copy, by message and as workerData',
    async (view) => {
      const source = `const { parentPort, workerData } = require('node:worker_threads')
      parentPort.once('message', (view) => parentPort.postMessage(Buffer.compare(view, workerData)))`
      const worker = new Worker(source, { eval: true, workerData: view })
      const answer = new Promise((resolve) => worker.once('message', resolve))
      worker.postMessage(view)
      const result = await answer
      await worker.terminate()
      return result
    },
  ],
  [
    'WebAssembly.Module, validate and compile from a view',
    async (view) => [
      ...attempts(
        () => WebAssembly.validate(view),
        () => WebAssembly.Module.exports(new WebAssembly.Module(view)),
      ),
      await WebAssembly.compile(view).then(String, String),
    ],
  ],
  [
    'a module compiled from bytes inside the memory',
    (view) =>
      WebAssembly.Module.exports(new WebAssembly.Module(new Uint8Array(view.buffer, pageBytes, 8))).length,
  ],
]

const transfers: readonly Case[] = [
  ['structuredClone', (buffer: ArrayBuffer) => structuredClone(buffer, { transfer: [buffer] })],
  [
    'MessagePort.postMessage',
    (buffer: ArrayBuffer) => {
      const { port1, port2 } = new MessageChannel()
      port1.postMessage(buffer, [buffer])
      const { message } = receiveMessageOnPort(port2) as Anything
      port1.close()
      return message as ArrayBuffer
    },
  ],
].map(([name, transfer]) => ({
  name: `${name as string} with transfer: what was moved reaches no tenant`,
  only: 'pool',
  async run({ open }) {
    const { memories, end } = await open(text)
    const { buffer } = memories[0]!
    let moved: ArrayBuffer
    try {
      moved = (transfer as (buffer: ArrayBuffer) => ArrayBuffer)(buffer)
    } catch (error) {
      // As V8's own memories: refused, and nothing has changed.
      deepStrictEqual([(error as Error).name, buffer.byteLength], ['DataCloneError', memoryBytes])
      return
    }
    deepStrictEqual([buffer.byteLength, moved.byteLength], [0, memoryBytes])
    const view = new Uint8Array(moved).fill(5)
    end()
    view.fill(6)
    globalThis.gc?.()
    deepStrictEqual(view.length, memoryBytes)
  },
}))

const sharing: readonly Case[] = [
  {
    name: 'new WebAssembly.Instance with a pooled memory: a LinkError',
    only: 'pool',
    async run({ open }) {
      const { exports } = await open(text)
      // (module (import "e" "m" (memory 1)))
      const bytes = [0, 97, 115, 109, 1, 0, 0, 0, 2, 8, 1, 1, 101, 1, 109, 2, 0, 1]
      const [outcome] = attempts(
        () =>
          new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(bytes)), { e: { m: exports['m'] } }),
      )
      deepStrictEqual(String(outcome).startsWith('LinkError'), true, String(outcome))
    },
  },
  {
    name: 'a heap snapshot and a report while uses are live and after',
    only: 'pool',
    async run({ open }) {
      const { memories, end } = await open(text)
      const view = new Uint8Array(memories[0]!.buffer)
      const read = async (): Promise<void> => {
        for await (const part of v8.getHeapSnapshot()) deepStrictEqual(part.length > 0, true)
        deepStrictEqual(typeof process.report.getReport(), 'object')
      }
      await read()
      end()
      await read()
      deepStrictEqual(view.length, 0)
    },
  },
] as const

export const nativeConsumers: readonly Case[] = [
  ...consumers.flatMap(([name, use]) => [each(name, use), each(name, use, true)]),
  ...(transfers as Case[]),
  ...sharing,
]
