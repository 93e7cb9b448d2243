#!/usr/bin/env node
/** The command line: `warmslot-operator run`. */
import { runCommandLine } from './cli/command-line.ts'

process.exitCode = await runCommandLine(process.argv.slice(2), process.env)
