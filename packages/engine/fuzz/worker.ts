/** The fuzzing process. Coverage starts before the analyser is loaded, so that what never runs is counted too. */
import { Coverage } from './coverage.ts'
import type { Task } from './messages.ts'

// The process that watches may be stopped; this one must not outlive it.
process.once('disconnect', () => process.exit())

const coverage = new Coverage(new URL('../src/binary/', import.meta.url).href)
const { Fuzzing } = await import('./fuzzing.ts')
await new Fuzzing(JSON.parse(process.argv[2]!) as Task, coverage).run()
