/** What the kernel says about this process, read without the code under test. */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'

/** The lines of /proc/self/maps that map an image with this label. */
export function mappingsOf(label: string): string[] {
  const name = new RegExp(`/memfd:warmslot:[^ ]*:${label} `)
  return readFileSync('/proc/self/maps', 'latin1')
    .split('\n')
    .filter((line) => name.test(line))
}

/** The descriptors of images with this label. */
export function descriptorsOf(label: string): string[] {
  const name = new RegExp(`^/memfd:warmslot:[^ ]*:${label} `)
  return readdirSync('/proc/self/fd').flatMap((entry) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${entry}`)
      return name.test(target) ? [target] : []
    } catch {
      return []
    }
  })
}
