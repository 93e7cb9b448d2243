/**
 * Where etcd and kube-apiserver are: in `KUBEBUILDER_ASSETS`, else where `scripts/kubernetes-programs.sh` keeps what it has built.
 */
import { accessSync, constants, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

export interface KubernetesPrograms {
  readonly etcd: string
  readonly apiServer: string
}

const workspace = join(import.meta.dirname, '../../../../..')

export function findPrograms(): KubernetesPrograms | undefined {
  const folder = programsFolder()
  const found = { etcd: join(folder, 'etcd'), apiServer: join(folder, 'kube-apiserver') }
  return isProgram(found.etcd) && isProgram(found.apiServer) ? found : undefined
}

/** What to do where there are none. */
export function missingPrograms(): string {
  const given = givenFolder()
  return given === undefined
    ? `There is no etcd and no kube-apiserver in ${programsFolder()}. Have them built by ` +
        '`npx --yes pnpm@12 kubernetes:programs` (needs Go; some minutes once), or set KUBEBUILDER_ASSETS to a folder that has ' +
        'them, as setup-envtest makes it.'
    : `KUBEBUILDER_ASSETS is ${given}, but etcd and kube-apiserver are not there. Unset it, or set it to a folder that has them, as setup-envtest makes it.`
}

/** Whether to do without them is a failure: in CI, and where somebody says so, or says where they are. */
export function mustHavePrograms(): boolean {
  return [process.env['CI'], process.env['WARMSLOT_REQUIRE_KUBERNETES'], givenFolder()].some(
    (value) => value !== undefined && !['', '0', 'false'].includes(value),
  )
}

function givenFolder(): string | undefined {
  return process.env['KUBEBUILDER_ASSETS'] || undefined
}

function programsFolder(): string {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  return givenFolder() ?? join(cache, 'warmslot/kubernetes', kubernetesVersion())
}

function kubernetesVersion(): string {
  const module = readFileSync(join(workspace, 'scripts/kubernetes-programs/go.mod'), 'utf8')
  const version = /k8s\.io\/kubernetes v(\S+)/.exec(module)?.[1]
  if (version === undefined) throw new Error('scripts/kubernetes-programs/go.mod names no k8s.io/kubernetes')
  return version
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
