/** The small guests: a module that grows at its first allocation, and a memory of 10 MiB with 1 MiB of data. */
import { Engine } from '@warmslot/engine'

import { type GuestWork, guestWorks } from '../guests/guest-works.ts'
import { tenMebibyteGuest } from '../guests/ten-mebibyte-guest.ts'
import { callExport, type OneUse, type PreparedCase, type UseCase } from './use-case.ts'

function nativeUse(module: WebAssembly.Module, argument: number): OneUse {
  return () => callExport(new WebAssembly.Instance(module).exports, 'run', argument)
}

async function prepare({ guest, argument, disturbance }: GuestWork): Promise<PreparedCase> {
  const compiled = await WebAssembly.compile(guest)
  const engine = new Engine({ slots: 4 })
  const module = await engine.compile(guest)
  const pooledUse = (given: number): OneUse => {
    return () => {
      const instance = engine.instantiate(module)
      const result = callExport(instance.exports, 'run', given)
      instance.release()
      return result
    }
  }
  return {
    native: nativeUse(compiled, argument),
    pooled: pooledUse(argument),
    ...(disturbance && {
      disturbance: {
        everyUses: disturbance.everyUses,
        native: nativeUse(compiled, disturbance.argument),
        pooled: pooledUse(disturbance.argument),
      },
    }),
    engine,
  }
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
    ...guestWorks.map((work) => ({
      name: work.name,
      title: work.title,
      uses,
      prepare: () => prepare(work),
    })),
    {
      name: 'ten-mebibyte-1-stolen',
      title: 'writes 1 page, on a slot that another module used last',
      uses,
      prepare: () => prepareStolenSlot(1),
    },
  ]
}
