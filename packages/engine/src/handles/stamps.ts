/**
 * Which handle stands for which raw function, kept in private fields on the function objects themselves.
 *
 * A class whose base returns another object puts its private fields on that object: a WeakMap entry without the WeakMap,
 * which a use with a few handles would pay for at each of V8's young collections. Nobody outside this file sees them.
 */
import type { Callable } from './function-handle.ts'
import type { Gate } from './gate.ts'

// oxlint-disable-next-line typescript/no-extraneous-class -- its constructor is all it is for
class FieldsOn {
  // oxlint-disable-next-line no-constructor-return -- the point of it
  constructor(target: Callable) {
    // oxlint-disable-next-line no-constructor-return
    return target as unknown as FieldsOn
  }
}

/** On a handle: the raw function that it stands for, and the use it belongs to. */
export class HandleStamp extends FieldsOn {
  readonly #raw: Callable
  readonly #gate: Gate

  private constructor(handle: Callable, raw: Callable, gate: Gate) {
    super(handle)
    this.#raw = raw
    this.#gate = gate
  }

  static put(handle: Callable, raw: Callable, gate: Gate): void {
    // oxlint-disable-next-line no-new -- the stamp is on the handle
    new HandleStamp(handle, raw, gate)
  }

  static isOn(value: Callable): boolean {
    return #raw in (value as object)
  }

  /** Only of a function that {@link isOn} says yes to. */
  static rawOf(handle: Callable): Callable {
    return (handle as unknown as HandleStamp).#raw
  }

  static gateOf(handle: Callable): Gate {
    return (handle as unknown as HandleStamp).#gate
  }
}

/** On a raw function: its handle in the use that it was last handed out in. */
export class RawStamp extends FieldsOn {
  #handle: Callable
  #gate: Gate

  private constructor(raw: Callable, handle: Callable, gate: Gate) {
    super(raw)
    this.#handle = handle
    this.#gate = gate
  }

  static put(raw: Callable, handle: Callable, gate: Gate): void {
    if (#gate in (raw as object)) {
      const stamp = raw as unknown as RawStamp
      stamp.#handle = handle
      stamp.#gate = gate
    } else {
      // oxlint-disable-next-line no-new -- the stamp is on the raw function
      new RawStamp(raw, handle, gate)
    }
  }

  /** The handle of `raw` in the use of `gate`, if it has one. */
  static handleIn(raw: Callable, gate: Gate): Callable | undefined {
    if (!(#gate in (raw as object))) return undefined
    const stamp = raw as unknown as RawStamp
    return stamp.#gate === gate ? stamp.#handle : undefined
  }
}
