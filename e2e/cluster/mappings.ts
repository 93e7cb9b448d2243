/**
 * What the nodes' kernels say about a Module's images: the memfds that hold them have its name in theirs
 * (`/memfd:warmslot:…:NAMESPACE.NAME`), in the maps of every process that maps them.
 */
import { moduleNamespace } from './names.ts'
import { inNode, runningNodes } from './nodes.ts'

export interface Mapping {
  readonly node: string
  /** As the node numbers it. */
  readonly pid: number
}

/** Longer names are cut off in a memfd's. */
const labelLength = 64

/** Processes that map it on a node. */
export async function processesThatMap(name: string, node: string): Promise<readonly Mapping[]> {
  const label = `${moduleNamespace}.${name}`.slice(0, labelLength).replaceAll('.', '\\.')
  // grep finds no file: status 1; a process ended meanwhile: status 2.
  const script = `grep -l '/memfd:warmslot:[^ ]*:${label} ' /proc/[0-9]*/maps 2>/dev/null || true`
  const files = (await inNode(node, script)).split('\n')
  return files.flatMap((file) => {
    const [, pid] = /^\/proc\/(\d+)\/maps$/.exec(file) ?? []
    return pid === undefined ? [] : [{ node, pid: Number(pid) }]
  })
}

/** On all nodes that run. */
export async function mappingsOf(name: string): Promise<readonly Mapping[]> {
  const found = await Promise.all((await runningNodes()).map((node) => processesThatMap(name, node)))
  return found.flat()
}
