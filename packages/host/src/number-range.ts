/** Whole numbers that are allowed, for options of the host and settings of modules alike. */

export interface NumberRange {
  readonly least: number
  readonly most: number
  /** @default 1 */
  readonly multipleOf?: number
}

export function isWithin(value: unknown, { least, most, multipleOf = 1 }: NumberRange): value is number {
  if (typeof value !== 'number' || !Number.isInteger(value)) return false
  return value >= least && value <= most && value % multipleOf === 0
}

/** For people: `a whole number from 1 to 64`. */
export function describeRange({ least, most, multipleOf = 1 }: NumberRange): string {
  const kind = multipleOf === 1 ? 'a whole number' : `a multiple of ${multipleOf}`
  return `${kind} from ${least} to ${most}`
}
