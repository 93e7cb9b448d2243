/**
 * How a module is told from others: a hue, for those who see colours, and a code of two characters, for all. The hue comes from the UID
 * alone: it is the same in every worker, tab and day. The code is unique among the modules on the page.
 */

export interface ModuleMark {
  /** In degrees. */
  readonly hue: number
  readonly code: string
}

/** Source: FNV-1a, 32 bits; then the finaliser of MurmurHash3, since FNV's of names that differ in the last letter are close. */
export function hueOf(uid: string): number {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(uid)) hash = Math.imul(hash ^ byte, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) % 360
}

const characters = [...'123456789abcdefghijklmnopqrstuvwxyz']
const anyTwo = characters.flatMap((first) => characters.map((second) => first.toUpperCase() + second))

export class ModuleMarks {
  readonly #marks = new Map<string, ModuleMark>()
  readonly #codes = new Set<string>()

  /** The mark of a module; it stays until it is forgotten. */
  of(uid: string, name: string): ModuleMark {
    let mark = this.#marks.get(uid)
    if (mark === undefined) {
      mark = { hue: hueOf(uid), code: this.#freeCode(name) }
      this.#marks.set(uid, mark)
      this.#codes.add(mark.code)
    }
    return mark
  }

  /** Its code may go to another module. */
  forget(uid: string): void {
    const mark = this.#marks.get(uid)
    if (mark === undefined) return
    this.#marks.delete(uid)
    this.#codes.delete(mark.code)
  }

  /** The first letter and one of the others, or a number; else any two. With more than a thousand modules, codes are used twice. */
  #freeCode(name: string): string {
    const letters = [...name].filter((letter) => /[A-Za-z0-9]/.test(letter))
    const first = letters[0]?.toUpperCase() ?? 'X'
    const seconds = [...letters.slice(1).map((letter) => letter.toLowerCase()), ...characters]
    const codes = seconds.map((second) => first + second)
    const isFree = (code: string): boolean => !this.#codes.has(code)
    return codes.find(isFree) ?? anyTwo.find(isFree) ?? codes[0]!
  }
}
