/** What the oracles report. */

/** The slots' capacity in pages: what may grow beyond is not compared. */
export const slotPages = 16

/** A difference between the engine and V8. `kind` is the same for findings with the same cause, as far as can be told. */
export interface Finding {
  readonly kind: string
  readonly details: string
}

export function withoutNumbers(text: string): string {
  return text
    .replaceAll(/"[^"]*"|'[^']*'/g, '""')
    .replaceAll(/0x[0-9a-f]+|\d+/g, '#')
    .slice(0, 160)
}
