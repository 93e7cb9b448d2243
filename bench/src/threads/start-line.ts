/** Where threads wait for each other, so that all of them begin at once. */
export class StartLine {
  readonly #arrivals: Int32Array<SharedArrayBuffer>
  readonly #threads: number

  /** @param shared four bytes of zeros, the same for all threads */
  constructor(shared: SharedArrayBuffer, threads: number) {
    this.#arrivals = new Int32Array(shared)
    this.#threads = threads
  }

  /** Returns when as many as there are threads have come. */
  meet(): void {
    const arrived = Atomics.add(this.#arrivals, 0, 1) + 1
    const all = Math.ceil(arrived / this.#threads) * this.#threads
    if (arrived === all) {
      Atomics.notify(this.#arrivals, 0)
      return
    }
    for (let now = arrived; now < all; now = Atomics.load(this.#arrivals, 0)) {
      Atomics.wait(this.#arrivals, 0, now)
    }
  }
}
