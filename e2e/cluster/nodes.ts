/** The cluster's nodes, which are containers on this machine: they can be paused, looked into, and taken away. */
import { get, remove } from './api.ts'
import { clusterName } from './names.ts'
import { runCommand } from './run-command.ts'
import { NotYet, waitFor } from './wait-for.ts'

interface Node {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
}

/** Names of those whose container is in this state. */
async function nodesThatAre(state: 'running' | 'paused'): Promise<readonly string[]> {
  const filters = ['--filter', `label=io.x-k8s.kind.cluster=${clusterName}`, '--filter', `status=${state}`]
  const names = await runCommand('docker', ['ps', ...filters, '--format', '{{.Names}}'])
  return names
    .split('\n')
    .filter((name) => name !== '')
    .toSorted()
}

export async function runningNodes(): Promise<readonly string[]> {
  return nodesThatAre('running')
}

/** All of its processes stop where they are, as on a machine that hangs. */
export async function pauseNode(name: string): Promise<void> {
  await runCommand('docker', ['pause', name])
}

export async function unpauseNode(name: string): Promise<void> {
  await runCommand('docker', ['unpause', name])
  await nodeIsReady(name)
}

/** After a scenario that may have failed half-way. */
export async function unpauseAllNodes(): Promise<void> {
  for (const name of await nodesThatAre('paused')) await unpauseNode(name)
}

async function nodeIsReady(name: string): Promise<void> {
  await waitFor(`node ${name} to be Ready`, 120_000, async () => {
    const node = await get<Node>(`/api/v1/nodes/${name}`)
    const ready = node?.status?.conditions?.find(({ type }) => type === 'Ready')?.status
    return ready === 'True' ? true : new NotYet(`Ready is ${ready}`)
  })
}

/** For good: its network first, since docker lets a paused container run on for a moment to end it; then the Node object, and the machine. */
export async function takeNodeAway(name: string): Promise<void> {
  const format = '{{range $network, $address := .NetworkSettings.Networks}}{{$network}} {{end}}'
  const networks = await runCommand('docker', ['inspect', '--format', format, name])
  for (const network of networks.trim().split(' '))
    await runCommand('docker', ['network', 'disconnect', '--force', network, name])
  await remove(`/api/v1/nodes/${name}`)
  await runCommand('docker', ['rm', '--force', '--volumes', name])
}

/** Runs a shell script in a node, as root. Whatever runs in its pods is seen there. */
export async function inNode(name: string, script: string): Promise<string> {
  return runCommand('docker', ['exec', name, 'sh', '-c', script])
}
