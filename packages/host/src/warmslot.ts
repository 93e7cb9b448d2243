#!/usr/bin/env node
/** The command line: see `cli/command-line.ts`. */
