/** What stands in a list of sites in place of the function that is called there. */
export const callee = {
  /** A loop that checks at its head. */
  loop: -1,
  /** A call of a function that is not known. */
  unknown: -2,
  /** A `br` or a `br_if` back to the head of a loop that checks at its back edges. */
  back: -3,
  backIf: -4,
  /** Nothing to check: a loop that checks at its back edges, or a back edge of one that does not. */
  none: -5,
} as const
