/**
 * A reactor, as WASI calls a module that is initialised once and then called: a sieve of primes, and random numbers. Assembled from
 *
 *     (module (memory (export "memory") 2) (global $ready (mut i32) (i32.const 0)) (global $seed (mut i32) (i32.const 0))
 *       (func (export "_initialize")              ;; marks every number below 100,000 that is no prime with a byte; then
 *         ... (global.set $ready (i32.const 1)))
 *       (func (export "isPrime") (param i32) (result i32)
 *         (if (i32.eqz (global.get $ready)) (then unreachable)) (i32.eqz (i32.load8_u (local.get 0))))
 *       (func (export "setSeed") (param i32) (global.set $seed (local.get 0)))
 *       (func (export "random") (result i32)      ;; 0 to 999
 *         (global.set $seed (i32.add (i32.mul (global.get $seed) (i32.const 1103515245)) (i32.const 12345)))
 *         (i32.rem_u (i32.shr_u (global.get $seed) (i32.const 8)) (i32.const 1000))))
 */
export const primeReactorBytes: Uint8Array<ArrayBuffer> = Buffer.from(
  'AGFzbQEAAAABEQRgAABgAX8Bf2ABfwBgAAF/AwUEAAECAwUDAQACBgsCfwFBAAt/AUEACwc1BQZtZW1vcnkCAAtfaW5pdGlhbGl6ZQAAB2lzUHJpbWUAAQdzZXRTZWVkAAIGcmFuZG9tAAMKgwEETgECf0ECIQADQCAALQAARQRAIABBAmwhAQJAA0AgAUGgjQZPDQEgAUEBOgAAIAEgAGohAQwACwsLIABBAWohACAAQaCNBkkNAAtBASQACw8AIwBFBEAACyAALQAARQsGACAAJAELGwAjAUHtnJmOBGxBueAAaiQBIwFBCHZB6AdwCw==',
  'base64',
)

export interface PrimeReactor {
  readonly _initialize: () => void
  readonly isPrime: (number: number) => number
  readonly setSeed: (seed: number) => void
  readonly random: () => number
}
