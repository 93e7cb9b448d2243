/** Runs one example by the name of its folder, or says which there are. */
import { existsSync, readdirSync } from 'node:fs'

const folder = import.meta.dirname
const names = readdirSync(folder).filter((name) => existsSync(`${folder}/${name}/main.ts`))
const [name = ''] = process.argv.slice(2)

if (names.includes(name)) {
  await import(`./${name}/main.ts`)
} else {
  console.error(`Give the name of an example: ${names.join(', ')}`)
  process.exitCode = 1
}
