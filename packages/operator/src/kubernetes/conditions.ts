/** Conditions of an object's status, by the rules of `meta/v1 Condition`. Pure: lists are not changed, new ones are returned. */
import { InvalidConditionError } from './errors/invalid-condition-error.ts'
import { cutCharacters } from './text-limit.ts'
import { timestamp } from './time/timestamp.ts'

export type ConditionStatus = 'True' | 'False' | 'Unknown'

/** As it is in JSON. */
export interface Condition {
  readonly type: string
  readonly status: ConditionStatus
  /** A word for programs, in CamelCase. */
  readonly reason: string
  /** For people. */
  readonly message: string
  /** Of which generation of the object this is said. */
  readonly observedGeneration?: number
  /** Since when it has this status. */
  readonly lastTransitionTime: string
}

export type ConditionUpdate = Omit<Condition, 'lastTransitionTime'>

const maxTypeLength = 316
const typePattern =
  /^(?:[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*\/)?(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/
const maxReasonLength = 1_024
const reasonPattern = /^[A-Za-z](?:[A-Za-z0-9_,:]*[A-Za-z0-9_])?$/
const maxMessageCharacters = 32_768
const statuses: readonly unknown[] = ['True', 'False', 'Unknown']

/**
 * The list with this condition. Its time changes only with its status; others stay as and where they are; a new one comes last. A message
 * that is too long is cut. @param now for its time @returns the same list where nothing has changed @throws InvalidConditionError
 */
export function setCondition(
  conditions: readonly Condition[] | undefined,
  update: ConditionUpdate,
  now: Date,
): readonly Condition[] {
  check(update)
  const list = conditions ?? []
  const index = list.findIndex(({ type }) => type === update.type)
  const old = list[index]
  const { type, status, reason, observedGeneration } = update
  const condition: Condition = {
    type,
    status,
    reason,
    message: cutCharacters(update.message, maxMessageCharacters),
    ...(observedGeneration !== undefined && { observedGeneration }),
    lastTransitionTime: old?.status === status ? old.lastTransitionTime : timestamp(now),
  }
  if (old === undefined) return [...list, condition]
  return isSame(old, condition) ? list : list.with(index, condition)
}

/** The list without this condition. @returns the same list where it has none */
export function removeCondition(
  conditions: readonly Condition[] | undefined,
  type: string,
): readonly Condition[] {
  const list = conditions ?? []
  return findCondition(list, type) === undefined ? list : list.filter((condition) => condition.type !== type)
}

export function findCondition(
  conditions: readonly Condition[] | undefined,
  type: string,
): Condition | undefined {
  return conditions?.find((condition) => condition.type === type)
}

/** False also where there is no such condition. */
export function isTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === 'True'
}

function isSame(a: Condition, b: Condition): boolean {
  return (
    a.status === b.status &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.observedGeneration === b.observedGeneration &&
    a.lastTransitionTime === b.lastTransitionTime
  )
}

function check({ type, status, reason, observedGeneration }: ConditionUpdate): void {
  if (!typePattern.test(type) || type.length > maxTypeLength)
    throw new InvalidConditionError('type', `a qualified name of up to ${maxTypeLength} characters`, type)
  if (!statuses.includes(status)) throw new InvalidConditionError('status', 'True, False or Unknown', status)
  if (!reasonPattern.test(reason) || reason.length > maxReasonLength)
    throw new InvalidConditionError(
      'reason',
      `a word in CamelCase of up to ${maxReasonLength} characters`,
      reason,
    )
  if (
    observedGeneration !== undefined &&
    !(Number.isSafeInteger(observedGeneration) && observedGeneration >= 0)
  )
    throw new InvalidConditionError('observedGeneration', 'a whole number from 0', observedGeneration)
}
