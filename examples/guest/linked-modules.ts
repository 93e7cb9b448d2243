/**
 * Two modules that share a memory, assembled from
 *
 *     (module (memory (export "memory") 1 4) (data (i32.const 0) "shared")          ;; main
 *       (func (export "double") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
 *       (func (export "pages") (result i32) (memory.size)))
 *
 *     (module (import "main" "memory" (memory 1))                                   ;; side
 *       (import "main" "double" (func $double (param i32) (result i32)))
 *       (data (i32.const 6) " by two")
 *       (func (export "quadruple") (param i32) (result i32) (call $double (call $double (local.get 0))))
 *       (func (export "grow") (result i32) (memory.grow (i32.const 1))))
 */
export const mainBytes: Uint8Array<ArrayBuffer> = Buffer.from(
  'AGFzbQEAAAABCgJgAX8Bf2AAAX8DAwIAAQUEAQEBBAcbAwZtZW1vcnkCAAZkb3VibGUAAAVwYWdlcwABCg4CBwAgAEECbAsEAD8ACwsMAQBBAAsGc2hhcmVk',
  'base64',
)

export const sideBytes: Uint8Array<ArrayBuffer> = Buffer.from(
  'AGFzbQEAAAABCgJgAX8Bf2AAAX8CHgIEbWFpbgZtZW1vcnkCAAEEbWFpbgZkb3VibGUAAAMDAgABBxQCCXF1YWRydXBsZQABBGdyb3cAAgoRAggAIAAQABAACwYAQQFAAAsLDQEAQQYLByBieSB0d28=',
  'base64',
)

export interface Main {
  readonly double: (value: number) => number
  readonly pages: () => number
}

export interface Side {
  readonly quadruple: (value: number) => number
  readonly grow: () => number
}
