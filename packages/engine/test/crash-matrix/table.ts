/** The matrix as a page: a row for each case or family of cases, a column for each version of Node. */
import { groups } from './groups.ts'
import type { Verdict } from './run-group.ts'

export interface Column {
  readonly version: string
  readonly verdicts: Record<string, readonly Verdict[]>
}

const introduction = `# Crash matrix

Every way to reach beyond a memory's logical size, or to hit a slot at a bad time, in child processes with the built package. Made
by \`pnpm --filter @warmslot/engine crash-matrix\`; do not edit. The same cases run among the engine's tests.

| cell | |
| --- | --- |
| as V8 | the same script ran on plain V8 and in the pool, with the same results, or errors of the same class and message |
| right | there is no counterpart on plain V8 (a release): the case asserts what the documents say |
| V8's own | plain V8 ends the process in the same way: nothing that a pool could change |
| limit | a documented limit was hit: see the note below the table |
| absent | this version of Node lacks what the case needs |
| FAILED | a finding |

In brackets: cases where there are several in a row; then the results compared. After every case each slot is used once, and must be
at its baseline in every byte.
`

function cell(verdicts: readonly Verdict[]): string {
  const words = {
    alike: 'as V8',
    right: 'right',
    absent: 'absent',
    "V8's own": "V8's own",
    limit: 'limit',
    failed: 'FAILED',
  }
  const kinds = [...new Set(verdicts.map(({ verdict }) => verdict))]
  const checks = verdicts.reduce((sum, one) => sum + one.checks, 0)
  return kinds
    .map((kind) => {
      const of = verdicts.filter(({ verdict }) => verdict === kind)
      const counts = of.length > 1 ? `${of.length} cases` : ''
      const numbers = [counts, checks > of.length ? checks.toLocaleString('en') : '']
        .filter(Boolean)
        .join('; ')
      const detail =
        of.length === 1 && of[0]!.detail && kind !== 'failed' && kind !== 'limit' ? `: ${of[0]!.detail}` : ''
      return `${words[kind]}${detail}${numbers ? ` (${numbers})` : ''}`
    })
    .join(', ')
}

export function table(columns: readonly Column[], where: string): string {
  const lines = [introduction, `Run on ${where}.`, '']
  const notes = new Set<string>()
  for (const [name, { title }] of Object.entries(groups)) {
    const present = columns.filter(({ verdicts }) => verdicts[name])
    if (present.length === 0) continue
    lines.push(`## ${title}`, '', `| | ${present.map(({ version }) => `Node ${version}`).join(' | ')} |`)
    lines.push(`| --- | ${present.map(() => '---').join(' | ')} |`)
    const families = new Set(present[0]!.verdicts[name]!.map(({ family }) => family))
    for (const family of families) {
      const cells = present.map(({ version, verdicts }) => {
        const of = verdicts[name]!.filter((one) => one.family === family)
        for (const { verdict, detail } of of)
          if (verdict === 'limit' || verdict === 'failed')
            notes.add(`- ${family}, Node ${version.split(' ')[0]}: ${detail?.split('\n')[0]}`)
        return cell(of)
      })
      lines.push(`| ${family.replaceAll('|', '\\|')} | ${cells.join(' | ')} |`)
    }
    lines.push('')
  }
  if (notes.size > 0) lines.push('## Notes', '', ...notes, '')
  return lines.join('\n')
}
