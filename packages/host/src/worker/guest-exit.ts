/**
 * Thrown by `proc_exit` through the guest's frames, to whoever called the guest. No Error: V8 would take the stack of the guest, with
 * the position of each frame in its bytes, for every request of a program that ends as programs do.
 */
export class GuestExit {
  readonly code: number

  constructor(code: number) {
    this.code = code
  }
}
