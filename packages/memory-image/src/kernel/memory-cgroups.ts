/** The cgroups whose memory limits bind this process: its own and those above it, of either version of cgroups. */

import { existsSync, readFileSync } from 'node:fs'

/** The files of one of them. */
export interface CgroupFiles {
  readonly usage: string
  readonly limits: readonly string[]
  readonly statistics: string
  /** The line of `statistics` with the page cache that the kernel would take back first, in bytes. */
  readonly inactiveFile: string
  /** Time in which its tasks waited for memory. */
  readonly pressure: string | undefined
}

/** More levels than any system nests. */
const mostLevels = 32

export function memoryCgroups(procDirectory: string, cgroupDirectory: string): readonly CgroupFiles[] {
  let lines: string[]
  try {
    lines = readFileSync(`${procDirectory}/self/cgroup`, 'latin1').split('\n')
  } catch {
    return []
  }
  return lines.flatMap((line) => {
    // Such as `0::/user.slice` (version 2) or `4:memory:/docker/12ab` (version 1).
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
    if (path === '') return []
    if (controllers === '') return levels(cgroupDirectory, path, 'memory.current').map(secondVersion)
    if (!controllers.split(',').includes('memory')) return []
    return levels(`${cgroupDirectory}/memory`, path, 'memory.usage_in_bytes').map(firstVersion)
  })
}

/** From the process's own directory up. In a container the mounted directory is often its own, whatever the path says. */
function levels(mount: string, path: string, file: string): string[] {
  const found: string[] = []
  const names = path.split('/').filter((name) => name !== '' && name !== '..')
  for (let depth = Math.min(names.length, mostLevels); depth >= 0; depth -= 1) {
    const directory = [mount, ...names.slice(0, depth)].join('/')
    if (existsSync(`${directory}/${file}`)) found.push(directory)
  }
  return found
}

function secondVersion(directory: string): CgroupFiles {
  return {
    usage: `${directory}/memory.current`,
    limits: [`${directory}/memory.max`, `${directory}/memory.high`],
    statistics: `${directory}/memory.stat`,
    inactiveFile: 'inactive_file',
    pressure: `${directory}/memory.pressure`,
  }
}

function firstVersion(directory: string): CgroupFiles {
  return {
    usage: `${directory}/memory.usage_in_bytes`,
    limits: [`${directory}/memory.limit_in_bytes`],
    statistics: `${directory}/memory.stat`,
    inactiveFile: 'total_inactive_file',
    pressure: undefined,
  }
}
