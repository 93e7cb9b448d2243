/**
 * A temporary folder for one API server: about 120 MiB with etcd's log. Those whose process was killed before it could delete them go
 * when the next one is made; their names say which process that was, and in which PID namespace.
 */
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const prefix = 'warmslot-api-server-'

export function newWorkingFolder(): string {
  const namespace = readlinkSync('/proc/self/ns/pid').replaceAll(/\D/g, '')
  for (const name of readdirSync(tmpdir())) {
    const [itsNamespace, pid] = name.startsWith(prefix) ? name.slice(prefix.length).split('-') : []
    if (itsNamespace === namespace && !existsSync(`/proc/${pid}`))
      rmSync(join(tmpdir(), name), { recursive: true, force: true })
  }
  return mkdtempSync(join(tmpdir(), `${prefix}${namespace}-${process.pid}-`))
}
