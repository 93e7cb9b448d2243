/**
 * Runs the whole matrix on several versions of Node, and writes the table `docs/crash-matrix.md`.
 *
 *   node test/crash-matrix/command.ts [--node <path of a node binary>]... [--version <from the npm registry>]...
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { groups } from './groups.ts'
import { runGroup } from './run-group.ts'
import { type Column, table } from './table.ts'

const { values } = parseArgs({
  options: { node: { type: 'string', multiple: true }, version: { type: 'string', multiple: true } },
})
const work = mkdtempSync(join(tmpdir(), 'warmslot-crash-matrix-'))

function fetched(version: string): string {
  const prefix = join(work, version)
  execFileSync('npm', [
    'install',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    '--prefix',
    prefix,
    `node@${version}`,
  ])
  return join(prefix, 'node_modules/node/bin/node')
}

try {
  const binaries = [...(values.node ?? []), ...(values.version ?? []).map(fetched)]
  if (binaries.length === 0) binaries.push(process.execPath)
  const columns: Column[] = []
  for (const node of binaries) {
    const script = 'process.version + " (V8 " + process.versions.v8 + ")"'
    const version = execFileSync(node, ['--print', script], { encoding: 'utf8' }).trim()
    const verdicts: Column['verdicts'] = {}
    for (const group of Object.keys(groups).filter((name) => name !== 'runner')) {
      verdicts[group] = await runGroup(node, group)
      const failed = verdicts[group].filter(({ verdict }) => verdict === 'failed')
      console.log(`${version}: ${group}: ${verdicts[group].length} cases, ${failed.length} failed`)
      for (const { name, detail } of failed) console.log(`  ${name}: ${detail}`)
      if (failed.length > 0) process.exitCode = 1
    }
    columns.push({ version, verdicts })
  }
  const date = new Date().toISOString().slice(0, 10)
  const target = new URL('../../../../docs/crash-matrix.md', import.meta.url)
  writeFileSync(target, table(columns, `${date}, Linux ${release()}, ${process.arch}`))
} finally {
  rmSync(work, { recursive: true })
}
