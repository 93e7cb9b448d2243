/**
 * Functions with a given name, at the price of a closure.
 *
 * A handle has the raw function's name, which is its index. V8 gives a function a name of its own in half a microsecond at
 * least, more than all else that a use of a live instance needs; a name that stands in the source costs nothing. So for a name
 * that comes up often the source is made, once: `({ "12"(a, b) { ... } })["12"]`.
 *
 * Through `vm`, which works where code generation from strings is switched off. Names other than V8's numbers get theirs the
 * slow way, and so does everything when there are very many.
 */
import { Script } from 'node:vm'

import type { Callable } from './callable.ts'
import type { Gate } from './gate.ts'

export type Enter = (gate: Gate, exported: Callable) => void
/** Makes a handle: enters with `exported`, and calls `raw`. */
export type MakeHandle = (gate: Gate, exported: Callable, raw: Callable) => Callable

/** So often a name is asked for before its source is made: a module that is used once is not worth it. */
const useful = 4
const mostNames = 16_384
const parameterNames = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
/** Functions of more take an array. */
export const mostParameters: number = parameterNames.length

/** Per name, by the number of parameters: how often it was asked for, or what makes such functions. */
const known = new Map<string, (number | MakeHandle | undefined)[]>()

/** `undefined`: not (yet) worth it. */
export function handleMaker(name: string, parameters: number, enter: Enter): MakeHandle | undefined {
  const makers = known.get(name)
  const maker = makers?.[parameters]
  if (typeof maker === 'function') return maker
  if (makers === undefined) {
    if (known.size < mostNames && /^\d+$/.test(name)) known.set(name, [])
    return undefined
  }
  const asked = (maker ?? 0) + 1
  makers[parameters] = asked < useful ? asked : compile(name, parameters, enter)
  return undefined
}

function compile(name: string, parameters: number, enter: Enter): MakeHandle {
  const list = parameterNames.slice(0, parameters).join(', ')
  const source = `(enter) => (gate, exported, raw) => ({
  ${name}(${list}) {
    enter(gate, exported)
    try {
      return raw(${list})
    } finally {
      gate.running--
    }
  },
})[${name}]`
  const script = new Script(source, { filename: import.meta.filename })
  return (script.runInThisContext() as (enter: Enter) => MakeHandle)(enter)
}
