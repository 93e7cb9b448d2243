/**
 * A guest that does not return, assembled from
 *
 *     (module (memory 1) (func (export "spin") (loop (br 0))) (func (export "answer") (result i32) (i32.const 42)))
 */
export const spinnerBytes: Uint8Array<ArrayBuffer> = Buffer.from(
  'AGFzbQEAAAABCAJgAABgAAF/AwMCAAEFAwEAAQcRAgRzcGluAAAGYW5zd2VyAAEKDgIHAANADAALCwQAQSoL',
  'base64',
)

export interface Spinner {
  readonly spin: () => void
  readonly answer: () => number
}
