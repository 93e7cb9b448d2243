/**
 * Makes system calls fail on purpose, for tests. The one border to the kernel (libc.ts) asks here before every call;
 * while nothing is injected that costs one comparison with undefined.
 */

/** One system call that is about to be made. */
export interface InjectableCall {
  /** The call's name as in its man page, such as `mmap`. */
  readonly call: string
  /** 1 for the first call of this name since the injection began, and so on. */
  readonly count: number
  /** The same over all names: 1 for the first system call since the injection began. */
  readonly total: number
}

/** Returns an errno's name, such as `ENOMEM`, to make the call fail with it; or undefined to let it happen. */
export type FaultInjector = (call: InjectableCall) => string | undefined

/** Asked before every system call. Undefined: nothing is injected. */
export let injectedErrno: ((call: string) => string | undefined) | undefined

const afterChange: (() => void)[] = []

/** Runs `action` whenever an injection begins or ends: for what is remembered about the kernel. */
export function onInjectionChange(action: () => void): void {
  afterChange.push(action)
}

function install(next: typeof injectedErrno): void {
  injectedErrno = next
  for (const action of afterChange) action()
}

/**
 * Makes system calls of this package fail, in this thread. Use it with `using`, so that it ends with its scope.
 * What the package remembers about the kernel is forgotten at both ends, so that a fault can hide a feature.
 * @param injector asked before every call
 * @returns ends the injection; the one that was active before becomes active again
 */
export function injectFaults(injector: FaultInjector): Disposable {
  const before = injectedErrno
  const counts = new Map<string, number>()
  let total = 0
  install((call) => {
    const count = (counts.get(call) ?? 0) + 1
    counts.set(call, count)
    total += 1
    return injector({ call, count, total })
  })
  return { [Symbol.dispose]: () => install(before) }
}
