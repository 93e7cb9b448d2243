/** What the kernel says about this process, read without the code under test. */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export interface Mapping {
  readonly start: number
  readonly end: number
  readonly permissions: string
  readonly name: string
}

export function allMappings(): Mapping[] {
  const lines = readFileSync('/proc/self/maps', 'utf8').trimEnd().split('\n')
  return lines.map((line) => {
    const [range = '', permissions = '', , , , ...name] = line.split(/ +/)
    const [start = '', end = ''] = range.split('-')
    return {
      start: Number.parseInt(start, 16),
      end: Number.parseInt(end, 16),
      permissions,
      name: name.join(' '),
    }
  })
}

/** The mappings in `[base, base + byteLength)`, clipped to it. */
export function mappingsWithin(base: number, byteLength: number): Mapping[] {
  const end = base + byteLength
  return allMappings()
    .filter((mapping) => mapping.start < end && mapping.end > base)
    .map(({ start, end: mappingEnd, permissions, name }) => ({
      start: Math.max(start, base),
      end: Math.min(mappingEnd, end),
      permissions,
      name,
    }))
}

/** How many mappings touch `[base, base + byteLength)`, and how many bytes of it are mapped at all. */
export function mappedBytes(base: number, byteLength: number): number {
  return mappingsWithin(base, byteLength).reduce((sum, mapping) => sum + mapping.end - mapping.start, 0)
}

/** The targets of this process's descriptors that begin with `/memfd:warmslot`. */
export function memfdDescriptors(): string[] {
  return readdirSync('/proc/self/fd').flatMap((entry) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${entry}`)
      return target.startsWith('/memfd:warmslot') ? [target] : []
    } catch {
      return []
    }
  })
}
