/** The scenarios' WebAssembly. Both have initial memory, so that there is an image to map. */
import makeWabt from 'wabt'

async function assemble(name: string, text: string): Promise<Uint8Array> {
  const module = (await makeWabt()).parseWat(`${name}.wat`, text)
  try {
    return module.toBinary({}).buffer
  } finally {
    module.destroy()
  }
}

/** Says `hello`. */
export async function helloBytes(): Promise<Uint8Array> {
  return assemble(
    'hello',
    `(module
      (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      ;; One range: 5 bytes at 8.
      (data (i32.const 0) "\\08\\00\\00\\00\\05\\00\\00\\00hello")
      (func (export "_start")
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))))`,
  )
}

/** Sleeps in the kernel, then ends well: a request that keeps the module's image in use. */
export async function sleeperBytes(seconds: number): Promise<Uint8Array> {
  const nanoseconds = new Uint8Array(new BigUint64Array([BigInt(Math.round(seconds * 1e9))]).buffer)
  const timeout = [...nanoseconds].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('')
  return assemble(
    'sleeper',
    `(module
      (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      ;; One subscription: the monotonic clock (1) at 16, how long from now at 24.
      (data (i32.const 16) "\\01\\00\\00\\00\\00\\00\\00\\00${timeout}")
      (func (export "_start")
        (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))))`,
  )
}
