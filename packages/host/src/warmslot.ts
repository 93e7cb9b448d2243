#!/usr/bin/env node
/** The command line: see `cli/command-line.ts`. */
import { runCommandLine } from './cli/command-line.ts'

// Whoever reads (a pager, a log collector) may go; that ends no server.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)

process.exitCode = await runCommandLine(process.argv.slice(2), {
  environment: process.env,
  print: (text) => void process.stdout.write(text),
  tell: (line) => void process.stderr.write(`${line}\n`),
})
