/** Modules for tests: each has an image, so that a host maps it. */
import wabt from 'wabt'

const { parseWat } = await wabt()

/** Counts up from `first` in its memory, and so always says `first + 1` where each request has its own. */
export function counter(first: number): Uint8Array {
  const module = parseWat(
    'counter.wat',
    `(module (memory (export "memory") 2)
      (data (i32.const 0) "\\${first.toString(16).padStart(2, '0')}")
      (data (i32.const 8192) "an image of its own: ${first}")
      (func (export "next") (result i32)
        (i32.store8 (i32.const 0) (i32.add (i32.load8_u (i32.const 0)) (i32.const 1)))
        (i32.load8_u (i32.const 0))))`,
  )
  return module.toBinary({}).buffer
}

/** Never ends by itself. */
export function endless(): Uint8Array {
  const module = parseWat(
    'endless.wat',
    `(module (memory (export "memory") 2)
      (data (i32.const 8192) "an image of its own")
      (func (export "next") (result i32) (loop $again (br $again)) (unreachable)))`,
  )
  return module.toBinary({}).buffer
}
