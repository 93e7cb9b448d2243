/** The commands that the operator's README gives for uninstalling take everything away, with a Module that is loaded. The last scenario: it leaves nothing. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { get, list } from '../cluster/api.ts'
import { helloBytes } from '../cluster/guests.ts'
import { mappingsOf } from '../cluster/mappings.ts'
import { createModule, isReadyOn } from '../cluster/modules.ts'
import { context, systemNamespace, uniqueName } from '../cluster/names.ts'
import { unpauseAllNodes } from '../cluster/nodes.ts'
import { hostPods, operatorsAreReady } from '../cluster/pods.ts'
import { runCommand } from '../cluster/run-command.ts'
import { NotYet, waitFor } from '../cluster/wait-for.ts'

const root = join(import.meta.dirname, '../..')
const folder = await mkdtemp(join(tmpdir(), 'warmslot-uninstall-'))
const kubeconfig = join(folder, 'kubeconfig')

/** The commands of the README's block, whose `kubectl` means this cluster. */
async function uninstallCommands(): Promise<string> {
  const readme = await readFile(join(root, 'packages/operator/README.md'), 'utf8')
  const [, commands] = /\*\*Uninstall in this order\*\*[^`]*```sh\n(.*?)```/s.exec(readme) ?? []
  if (commands === undefined) throw new Error('The README says nothing of uninstalling.')
  return `set -euo pipefail; cd '${root}'; export KUBECONFIG='${kubeconfig}'\n${commands}`
}

beforeAll(async () => {
  await unpauseAllNodes()
  const parameters = ['config', 'view', '--minify', '--raw', '--context', context]
  await writeFile(kubeconfig, await runCommand('kubectl', parameters), { mode: 0o600 })
})
afterAll(() => rm(folder, { recursive: true }))

it('leaves no object and no process that maps a Module', async () => {
  await operatorsAreReady()
  const name = uniqueName('last')
  await createModule(name, await helloBytes())
  const hosts = (await hostPods()).filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  await isReadyOn(name, hosts.length)
  expect(await mappingsOf(name)).toHaveLength(hosts.length)

  await runCommand('bash', ['-c', await uninstallCommands()], { timeoutMs: 600_000 })

  expect(await mappingsOf(name)).toEqual([])
  await waitFor('the namespace to go', 60_000, async () =>
    (await get(`/api/v1/namespaces/${systemNamespace}`)) === undefined ? true : new NotYet('it is there'),
  )
  for (const path of [
    '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    '/apis/rbac.authorization.k8s.io/v1/clusterroles',
    '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
  ]) {
    const names = (await list<{ metadata: { name: string } }>(path)).map(({ metadata }) => metadata.name)
    expect(names.filter((one) => one.includes('warmslot'))).toEqual([])
  }
})
