/** What a process that holds many instances does, one state after the other: pooled and natively. */
import { Engine, type PooledInstance } from '@warmslot/engine'
import { setTimeout as pause } from 'node:timers/promises'

import { collectGarbage } from '../collect-garbage.ts'
import { dataBytes, pageBytes, tenMebibyteGuest } from '../guests/ten-mebibyte-guest.ts'
import { callExport } from '../uses/use-case.ts'
import { type MemoryFigures, memoryFigures } from './memory-figures.ts'

export type MemorySide = 'pool' | 'native'
export type MemoryState = 'before' | 'inUse' | 'released' | 'trimmed' | 'purged'
export type MemoryStates = Partial<Record<MemoryState, MemoryFigures>>

/** Gives what free slots hold back to the kernel. */
interface Trimming {
  trim(): Promise<number>
}

/** Garbage is no subject here; V8 gives memory back a little later. */
async function settled(): Promise<MemoryFigures> {
  collectGarbage()
  await pause(50)
  collectGarbage()
  return memoryFigures()
}

/** Reads its data, of which the pages that it does not write are shared in a pool, and writes. */
function work(exports: WebAssembly.Exports, pages: number): void {
  const bytes = new Uint8Array((exports['memory'] as WebAssembly.Memory).buffer, 0, dataBytes)
  for (let address = 0; address < dataBytes; address += pageBytes) {
    if (bytes[address] === 0) throw new Error('there should be data in each page')
  }
  callExport(exports, 'run', pages)
}

/** @returns without `trimmed` where the engine cannot do that */
export async function statesOfPool(slots: number, pages: number): Promise<MemoryStates> {
  await using engine = new Engine({ slots, maxMemoryBytes: 16 * 2 ** 20 })
  const before = await settled()
  const module = await engine.compile(tenMebibyteGuest(), { label: 'memory' })
  const instances: PooledInstance[] = []
  for (let slot = 0; slot < slots; slot += 1) {
    const instance = engine.instantiate(module)
    work(instance.exports, pages)
    instances.push(instance)
  }
  const inUse = await settled()
  for (const instance of instances.splice(0)) instance.release()
  const released = await settled()
  let trimmed: MemoryFigures | undefined
  if ('trim' in engine) {
    await (engine as Trimming).trim()
    trimmed = await settled()
  }
  const { complete } = await module.dispose()
  if (!complete) throw new Error('the purge is not complete')
  return { before, inUse, released, ...(trimmed && { trimmed }), purged: await settled() }
}

/** `released` is when nobody holds the instances any more, and V8 has collected them. */
export async function statesOfNative(slots: number, pages: number): Promise<MemoryStates> {
  const before = await settled()
  const module = await WebAssembly.compile(tenMebibyteGuest())
  const instances: WebAssembly.Instance[] = []
  for (let slot = 0; slot < slots; slot += 1) {
    const instance = new WebAssembly.Instance(module)
    work(instance.exports, pages)
    instances.push(instance)
  }
  const inUse = await settled()
  if (instances.splice(0).length !== slots) throw new Error('instances are missing')
  return { before, inUse, released: await settled() }
}
