/** What happens in a simulated cluster, one after the other: a random history. */
import { array, type Arbitrary, constantFrom, nat, oneof, record, tuple } from 'fast-check'

export const moduleUIDs: readonly string[] = ['m1', 'm2']
export const podUIDs: readonly string[] = ['p1', 'p2', 'p3']

export type Step =
  | { readonly kind: 'watch' | 'release' | 'kill' | 'lead'; readonly operator: 0 | 1 }
  | { readonly kind: 'probe' | 'reconcile'; readonly operator: 0 | 1; readonly what: number }
  | {
      readonly kind:
        | 'delete'
        | 'kubelet'
        | 'restart'
        | 'crash'
        | 'deletePod'
        | 'cut'
        | 'heal'
        | 'busy'
        | 'lie'
        | 'hide'
        | 'settings'
        | 'time'
      readonly what: number
    }

const operator = constantFrom<(0 | 1)[]>(0, 1)
const what = nat(5)
const step: Arbitrary<Step> = oneof(
  {
    weight: 8,
    arbitrary: record({ kind: constantFrom('watch' as const, 'release' as const), operator }),
  },
  {
    weight: 1,
    arbitrary: record({
      kind: constantFrom('kill' as const, 'lead' as const, 'lead' as const),
      operator,
    }),
  },
  {
    weight: 12,
    arbitrary: record({
      kind: constantFrom('probe' as const, 'reconcile' as const, 'reconcile' as const),
      operator,
      what,
    }),
  },
  {
    weight: 6,
    arbitrary: record({
      kind: constantFrom('kubelet' as const, 'time' as const, 'delete' as const),
      what,
    }),
  },
  {
    weight: 3,
    arbitrary: record({
      kind: constantFrom(
        'restart' as const,
        'crash' as const,
        'deletePod' as const,
        'cut' as const,
        'heal' as const,
        'busy' as const,
        'lie' as const,
        'hide' as const,
        'settings' as const,
      ),
      what,
    }),
  },
)

const all = (kind: 'kubelet' | 'restart' | 'cut'): Step[] =>
  podUIDs.map((_, index) => ({ kind, what: index }))

/** Modules are loaded by all hosts. */
const loaded: readonly Step[] = [
  { kind: 'watch', operator: 0 },
  ...podUIDs.map((_, index): Step => ({ kind: 'probe', operator: 0, what: index })),
  ...moduleUIDs.map((_, index): Step => ({ kind: 'reconcile', operator: 0, what: index })),
  { kind: 'watch', operator: 0 },
]

/** The same, after restarts that kubelets tell of only then; and then nobody can be asked. */
const loadedBeforeKubelets: readonly Step[] = [
  ...all('restart'),
  { kind: 'time', what: 5 },
  ...loaded,
  ...all('kubelet'),
  { kind: 'watch', operator: 0 },
  ...all('cut'),
]

/** Often what follows begins with Modules that are loaded. */
export const steps: Arbitrary<Step[]> = tuple(
  constantFrom<(readonly Step[])[]>([], [], loaded, loaded, loadedBeforeKubelets),
  array(step, { maxLength: 120, size: 'max' }),
).map(([first, rest]): Step[] => first.concat(rest))
