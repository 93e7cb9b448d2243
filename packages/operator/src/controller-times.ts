/** How often and how long the controllers wait, in milliseconds; no options of the operator, since nobody needs others but tests. */
export interface ControllerTimes {
  /** How often all Modules are looked at though nothing has changed. @default 600_000 */
  readonly resyncMs: number
  /** How often hosts' lists are looked at for modules without a Module. @default 30_000 */
  readonly sweepMs: number
  /** How long such a module is left alone. @default 60_000 */
  readonly orphanGraceMs: number
  /** Before it no pod is let go: longer than any request to the API server takes. @default 45_000 */
  readonly firstReleaseMs: number
  /** How often what statuses say of slots and bytes is compared with what hosts say. @default 10_000 */
  readonly numbersLookMs: number
  /** Between two writes of a status in which only these numbers have changed. @default 30_000 */
  readonly numbersIntervalMs: number
}

export const usualTimes: ControllerTimes = {
  resyncMs: 600_000,
  sweepMs: 30_000,
  orphanGraceMs: 60_000,
  firstReleaseMs: 45_000,
  numbersLookMs: 10_000,
  numbersIntervalMs: 30_000,
}
