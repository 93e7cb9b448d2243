/**
 * The host under load: real WASI programs, pooled and with a native instance for each request, by turns in one run.
 *
 *     node src/host/main.ts [--write | --out FOLDER] [--quick] [--job NAME]...
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { machineFacts } from '../machine.ts'
import { progress } from '../progress.ts'
import { jobs } from './jobs.ts'
import { type HostAmounts, measureHosts } from './measure-hosts.ts'
import { hostMarkdown, type HostResults, loadNow } from './report.ts'
import { serverOptions } from './server-options.ts'

const full: HostAmounts = { connections: 8, rounds: 4, warmUpSeconds: 5, seconds: 5 }
const quick: HostAmounts = { connections: 4, rounds: 1, warmUpSeconds: 1, seconds: 1 }

const { values } = parseArgs({
  // pnpm and turbo may pass on the `--` that separates their own options from ours.
  args: process.argv.slice(2).filter((word) => word !== '--'),
  options: {
    write: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    out: { type: 'string' },
    job: { type: 'string', multiple: true, default: jobs.map(({ name }) => name) },
  },
})
const bench = `${import.meta.dirname}/../..`
const folder = values.out ?? (values.write ? `${bench}/../docs/measurements` : `${bench}/results`)
const amounts = values.quick ? quick : full
const startedAt = new Date()
const machine = machineFacts()
const results: HostResults = {
  startedAt: startedAt.toISOString(),
  machine,
  amounts,
  server: serverOptions,
  jobs: await measureHosts(
    jobs.filter(({ name }) => values.job.includes(name)),
    amounts,
  ),
  durationSeconds: (Date.now() - startedAt.getTime()) / 1000,
  loadAtEnd: loadNow(),
}
const markdown = hostMarkdown(results)
await mkdir(folder, { recursive: true })
await writeFile(`${folder}/host.json`, `${JSON.stringify(results, undefined, 2)}\n`)
await writeFile(`${folder}/host.md`, markdown)
console.log(markdown)
progress(`written to ${folder}: host.json, host.md`)
const wrong = results.jobs.flatMap(({ pooled, native }) => [pooled, native]).find((side) => side.wrong > 0)
if (wrong !== undefined) {
  progress(`a wrong answer: ${wrong.example}`)
  process.exitCode = 1
}
