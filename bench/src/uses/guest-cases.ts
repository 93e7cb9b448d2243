/** The small guests: a module that grows at its first allocation, and a memory of 10 MiB with 1 MiB of data. */
import { Engine } from '@warmslot/engine'

import { growingGuest } from '../guests/growing-guest.ts'
import { tenMebibyteGuest } from '../guests/ten-mebibyte-guest.ts'
import { callExport, type OneUse, type PreparedCase, type UseCase } from './use-case.ts'

function nativeUse(module: WebAssembly.Module, argument: number): OneUse {
  return () => callExport(new WebAssembly.Instance(module).exports, 'run', argument)
}

async function prepare(bytes: Uint8Array<ArrayBuffer>, argument: number): Promise<PreparedCase> {
  const native = nativeUse(await WebAssembly.compile(bytes), argument)
  const engine = new Engine({ slots: 4 })
  const module = await engine.compile(bytes)
  const pooled = (): number => {
    const instance = engine.instantiate(module)
    const result = callExport(instance.exports, 'run', argument)
    instance.release()
    return result
  }
  return { native, pooled, engine }
}

/** The pool's worst: one slot, which another module has had since the module's last use. */
async function prepareStolenSlot(argument: number): Promise<PreparedCase> {
  const bytes = tenMebibyteGuest()
  const native = nativeUse(await WebAssembly.compile(bytes), argument)
  const engine = new Engine({ slots: 1 })
  const modules = await Promise.all([engine.compile(bytes), engine.compile(bytes)])
  let turn = 0
  const pooled = (): number => {
    turn ^= 1
    const instance = engine.instantiate(modules[turn & 1] ?? modules[0])
    const result = callExport(instance.exports, 'run', argument)
    instance.release()
    return result
  }
  return { native, pooled, engine }
}

export function guestCases(uses: number): UseCase[] {
  return [
    {
      name: 'grow-17',
      title: '17 pages, grows by one page',
      uses,
      prepare: () => prepare(growingGuest(), 1),
    },
    ...[0, 1, 10, 100].map((pages) => ({
      name: `ten-mebibyte-${pages}`,
      title: `10 MiB, 1 MiB of data, writes ${pages} ${pages === 1 ? 'page' : 'pages'}`,
      uses,
      prepare: () => prepare(tenMebibyteGuest(), pages),
    })),
    {
      name: 'adjoining-1000',
      title: '10 MiB, 1 MiB of data, writes 1,000 pages in a row',
      uses,
      prepare: () => prepare(tenMebibyteGuest(4096), 1_000),
    },
    {
      name: 'ten-mebibyte-1-stolen',
      title: '10 MiB, writes 1 page, on a slot that another module used last',
      uses,
      prepare: () => prepareStolenSlot(1),
    },
  ]
}
