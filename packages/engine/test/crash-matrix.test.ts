/** The crash matrix on the Node that runs the tests: `crash-matrix/case.ts` says what a case is. */
import { describe, expect, it } from 'vitest'

import { groups } from './crash-matrix/groups.ts'
import { runGroup } from './crash-matrix/run-group.ts'

describe('the runner sees', () => {
  it('deaths, hangs, differences and left-over bytes, each at its case', async () => {
    const verdicts = await runGroup(process.execPath, 'runner')
    const seen = verdicts.map(({ name, verdict, detail }) => [name, verdict, detail?.split(/[\n:]/)[0]])
    expect(seen).toMatchObject([
      ['a good case before', 'alike', undefined],
      ['a raw read of a protected page', 'failed', 'SIGSEGV in the pool'],
      ['an abort', 'failed', 'SIGABRT in the pool'],
      ['a hang', 'failed', 'hangs in the pool'],
      ['another result', 'failed', expect.stringContaining('Expected values')],
      ['another message', 'failed', expect.stringContaining('Expected values')],
      ['a byte of an earlier use', 'failed', expect.stringContaining('AssertionError')],
      ['an abort after the case has returned', 'failed', 'SIGABRT in the pool'],
      ['a wrong status', 'failed', 'status 3 instead of status 0'],
      ['a good case after', 'alike', undefined],
    ])
  })
})

const names = Object.keys(groups).filter((name) => name !== 'runner')

describe('nothing ends the process, and everything is as on plain V8', () => {
  it.each(names)('%s', { timeout: 600_000 }, async (name) => {
    const verdicts = await runGroup(process.execPath, name)
    expect(verdicts.filter(({ verdict }) => verdict === 'failed')).toEqual([])
    expect(verdicts).toHaveLength(groups[name]!.cases.length)
  })
})
