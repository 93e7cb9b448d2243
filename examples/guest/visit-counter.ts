/**
 * The guest of the examples: a WebAssembly module small enough to be written by hand, byte by byte. As text it is
 *
 *     (module
 *       (memory (export "memory") 1 16)           ;; 1 page of 64 KiB, at most 16
 *       (data (i32.const 0) "\64\00\00\00")       ;; the counter, 100 at first
 *       (func (export "visit") (result i32)       ;; counts a visit, and says how many there were
 *         (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
 *         (i32.load (i32.const 0)))
 *       (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
 *       (func (export "pages") (result i32) (memory.size)))
 *
 * The 100 is in the module's data: an instance that begins there found its initial memory in place.
 */

const listing = `
  00 61 73 6d  01 00 00 00                      ;; \\0asm, version 1
  01 0a  02  60 00 01 7f  60 01 7f 01 7f        ;; types: () -> (i32), (i32) -> (i32)
  03 04  03  00 01 00                           ;; functions: visit, grow, pages
  05 04  01  01 01 10                           ;; a memory: 1 page, at most 16
  07 21  04                                     ;; exports
         06 6d 65 6d 6f 72 79  02 00            ;;   "memory": memory 0
         05 76 69 73 69 74     00 00            ;;   "visit": function 0
         04 67 72 6f 77        00 01            ;;   "grow": function 1
         05 70 61 67 65 73     00 02            ;;   "pages": function 2
  0a 22  03                                     ;; code
         14 00  41 00  41 00  28 02 00          ;;   visit: address 0; what is there,
                41 01  6a  36 02 00             ;;          plus 1, stored;
                41 00  28 02 00  0b             ;;          what is there now
         06 00  20 00  40 00  0b                ;;   grow: memory.grow
         04 00  3f 00  0b                       ;;   pages: memory.size
  0b 0a  01  00 41 00 0b  04 64 00 00 00        ;; data: 100 at address 0
`

/** What the guest exports. */
export interface VisitCounter {
  readonly memory: WebAssembly.Memory
  /** Counts a visit, and returns how many there were, 100 included. */
  visit(): number
  /** Asks for more pages of 64 KiB; returns the old number of pages, or -1. */
  grow(pages: number): number
  /** The memory's size in pages. */
  pages(): number
}

export const visitCounterBytes: Uint8Array<ArrayBuffer> = Uint8Array.from(
  listing.replaceAll(/;;.*/g, '').trim().split(/\s+/),
  (digits) => Number.parseInt(digits, 16),
)

/** The exports of an instance of the guest, native or pooled, with their types. */
export function visitCounterOf(instance: { readonly exports: WebAssembly.Exports }): VisitCounter {
  return instance.exports as unknown as VisitCounter
}
