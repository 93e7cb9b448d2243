/**
 * Which handle stands for which raw function, and whose tag is whose, kept in private fields on the objects themselves.
 *
 * A class whose base returns another object puts its private fields on that object: a WeakMap entry without the WeakMap,
 * which a use with a few handles would pay for at each of V8's young collections. Nobody outside this file sees them.
 */
import type { Callable } from './callable.ts'
import type { Gate } from './gate.ts'
import { released } from './gate.ts'
import type { Use } from './links.ts'
import { Links } from './links.ts'
import type { MakeHandle } from './named-functions.ts'
import { Sharers } from './sharers.ts'

// oxlint-disable-next-line typescript/no-extraneous-class -- its constructor is all it is for
class FieldsOn {
  // oxlint-disable-next-line no-constructor-return -- the point of it
  constructor(target: object) {
    // oxlint-disable-next-line no-constructor-return
    return target as unknown as FieldsOn
  }
}

/** On a handle: the raw function that it stands for, and the use it belongs to. */
export class HandleStamp extends FieldsOn {
  readonly #raw: Callable
  readonly #use: Use

  private constructor(handle: Callable, raw: Callable, use: Use) {
    super(handle)
    this.#raw = raw
    this.#use = use
  }

  static put(handle: Callable, raw: Callable, use: Use): void {
    // oxlint-disable-next-line no-new -- the stamp is on the handle
    new HandleStamp(handle, raw, use)
  }

  static isOn(value: Callable): boolean {
    return #raw in (value as object)
  }

  /** Only of a function that {@link isOn} says yes to. */
  static rawOf(handle: Callable): Callable {
    return (handle as unknown as HandleStamp).#raw
  }

  static useOf(handle: Callable): Use {
    return (handle as unknown as HandleStamp).#use
  }
}

/** On a raw function: its handle in the use that it was last handed out in, and what makes its handles. */
export class RawStamp extends FieldsOn {
  #handle: Callable
  #use: Use
  #sharers: Sharers | undefined
  #maker: MakeHandle | undefined

  private constructor(raw: Callable, handle: Callable, use: Use) {
    super(raw)
    this.#handle = handle
    this.#use = use
  }

  static put(raw: Callable, handle: Callable, use: Use): void {
    if (#use in (raw as object)) {
      const stamp = raw as unknown as RawStamp
      stamp.#handle = handle
      stamp.#use = use
      stamp.#sharers = undefined
    } else {
      // oxlint-disable-next-line no-new -- the stamp is on the raw function
      new RawStamp(raw, handle, use)
    }
  }

  /** What makes the handles of a function that has had one before, where that is known. */
  static makerOf(raw: Callable): MakeHandle | undefined {
    return #use in (raw as object) ? (raw as unknown as RawStamp).#maker : undefined
  }

  static keepMaker(raw: Callable, maker: MakeHandle): void {
    if (#use in (raw as object)) (raw as unknown as RawStamp).#maker = maker
  }

  /** The handle of `raw` in `use`, or in a live one that it is linked with; `undefined` if it has none. */
  static handleIn(raw: Callable, use: Use): Callable | undefined {
    if (!(#use in (raw as object))) return undefined
    const stamp = raw as unknown as RawStamp
    if (stamp.#use === use) return stamp.#handle
    const callable = stamp.#use.gate.state !== released || stamp.#sharers?.live === true
    if (!callable || !linked(stamp.#use, use)) return undefined
    // From now on it is a function of this use as well.
    RawStamp.share(raw, use)
    return stamp.#handle
  }

  /** `user` imports the function: its handle works until all who have it are released. */
  static share(raw: Callable, user: Use): void {
    if (!(#use in (raw as object))) return
    const stamp = raw as unknown as RawStamp
    stamp.#sharers ??= new Sharers(stamp.#use)
    stamp.#sharers.add(user)
  }

  /** Whether somebody else has the function still, though the use of `gate` is over. */
  static isShared(raw: Callable, gate: Gate): boolean {
    if (!(#use in (raw as object))) return false
    const stamp = raw as unknown as RawStamp
    return stamp.#use.gate === gate && stamp.#sharers?.live === true
  }
}

/** On a tag: the instance that exports it. */
export class TagStamp extends FieldsOn {
  #use: Use

  private constructor(tag: object, use: Use) {
    super(tag)
    this.#use = use
  }

  static put(tag: object, use: Use): void {
    if (#use in tag) tag.#use = use
    // oxlint-disable-next-line no-new -- the stamp is on the tag
    else new TagStamp(tag, use)
  }

  /** `user` imports the tag: it may take out of exceptions what the exporting instance put into them. */
  static link(tag: object, user: Use): void {
    if (!(#use in tag)) return
    const owner = tag.#use
    if (owner.gate.state !== released || owner.links !== undefined) Links.connect(user, owner, true)
  }
}

function linked(one: Use, other: Use): boolean {
  return one.links !== undefined && other.links !== undefined && one.links.connectedTo(other.links)
}
