/** Writes the results where the options say: JSON, Markdown, SVG, and the sections of READMEs. */
import { mkdir, writeFile } from 'node:fs/promises'

import type { BenchOptions } from '../options.ts'
import { markdownOf, summaryOf } from './markdown.ts'
import { plotsOf } from './plots.ts'
import { rewriteSection } from './readme-section.ts'
import type { BenchResults } from './results.ts'

export async function writeResults(results: BenchResults, options: BenchOptions): Promise<void> {
  const { folder, name, readmes } = options
  await mkdir(folder, { recursive: true })
  await writeFile(`${folder}/${name}.json`, `${JSON.stringify(results, undefined, 2)}\n`)
  await writeFile(`${folder}/${name}.md`, markdownOf(results, name, '.'))
  for (const [what, plot] of plotsOf(results)) await writeFile(`${folder}/${name}${what}.svg`, plot)
  for (const readme of readmes) {
    const text = readme.whole ? markdownOf : summaryOf
    await rewriteSection(readme.file, text(results, name, readme.results))
  }
}
