/**
 * A process of its own that leads, is stopped (SIGSTOP) for a while in the midst of a synchronous call, and then says at once whether it
 * leads. Node runs it as it is here: it imports nothing that has `using`, which Node 22 does not know. Arguments: the API server's URL, for how
 * many seconds it is stopped.
 */
import { execFileSync } from 'node:child_process'
import { KubeConfig } from '@kubernetes/client-node'
import { Cluster } from '../../src/kubernetes/cluster.ts'
import { LeaderElector } from '../../src/kubernetes/leader-elector.ts'

const [server = '', seconds = ''] = process.argv.slice(2)
const kubeConfig = new KubeConfig()
kubeConfig.loadFromClusterAndUser({ name: 'fake', server, skipTLSVerify: true }, { name: 'tester' })
const cluster = Cluster.fromKubeConfig(kubeConfig)
const elector = new LeaderElector({
  cluster,
  namespace: 'demo',
  name: 'operator',
  identity: 'stopped',
  leaseDurationMs: 1_000,
  renewDeadlineMs: 500,
  retryPeriodMs: 100,
})
const words: string[] = []
const lead = async (): Promise<void> => {
  words.push(String(elector.isLeader()))
  // Nothing else of this process runs between these two.
  execFileSync('sh', ['-c', `kill -STOP ${process.pid}; sleep ${seconds}; kill -CONT ${process.pid}`])
  words.push(String(elector.isLeader()))
  await new Promise(() => undefined)
}
await elector
  .run({ signal: new AbortController().signal, lead })
  .catch((error: Error) => words.push(error.name))
await cluster[Symbol.asyncDispose]()
process.stdout.write(words.join(' '))
