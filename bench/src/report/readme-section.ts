/** Rewrites what stands between two markers of a README. */
import { readFile, writeFile } from 'node:fs/promises'

const begin = '<!-- bench:begin -->'
const end = '<!-- bench:end -->'

/** @throws Error if the markers are not there, in this order */
export function replaceSection(text: string, section: string, file: string): string {
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from < 0 || to < from) {
    throw new Error(
      `${file} has no section between ${begin} and ${end}: put the two lines where the tables belong`,
    )
  }
  return `${text.slice(0, from + begin.length)}\n\n${section.trim()}\n\n${text.slice(to)}`
}

export async function rewriteSection(file: string, section: string): Promise<void> {
  await writeFile(file, replaceSection(await readFile(file, 'utf8'), section, file))
}
