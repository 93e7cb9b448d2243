/** Label selectors, as the API server reads them: every requirement must hold; a selector without any selects everything. */
import type { V1LabelSelector } from '@kubernetes/client-node'

export function selects(
  selector: V1LabelSelector | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {}
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key]
      if (operator === 'In') return value !== undefined && values.includes(value)
      if (operator === 'NotIn') return value === undefined || !values.includes(value)
      if (operator === 'Exists') return value !== undefined
      // An operator that is not known selects nothing: rather too few hosts than too many.
      return operator === 'DoesNotExist' && value === undefined
    })
  )
}
