/** What `bench` does with the module, by its flags. */
import { readFile } from 'node:fs/promises'
import { readCall } from '../../http/call-convention.ts'
import type { GuestInput } from '../../workers/protocol.ts'
import { FailureError } from '../failure-error.ts'
import type { Arguments } from '../flags.ts'
import { UsageError } from '../usage-error.ts'
import { explain } from '../explain.ts'

/** Undefined: nothing is said, so a command without arguments. @throws UsageError, FailureError */
export async function inputOf({ values, rest }: Arguments): Promise<GuestInput | undefined> {
  const exported = values.get('export')
  const stdin = values.get('stdin')
  const forCalls = ['arguments', 'result'].filter((name) => values.has(name))
  if (exported !== undefined) {
    if (rest !== undefined || stdin !== undefined)
      throw new UsageError('"--export" calls a function; arguments behind "--" and --stdin are for commands')
    return callOf(exported, values)
  }
  if (forCalls.length > 0) throw new UsageError(`"--${forCalls[0]}" is for calls: say which with --export`)
  if (rest === undefined && stdin === undefined) return undefined
  return {
    type: 'command',
    arguments: rest ?? [],
    environment: {},
    stdin: stdin === undefined ? new Uint8Array() : await contentOf(stdin),
  }
}

/** As over HTTP. */
function callOf(exported: string, values: ReadonlyMap<string, string>): GuestInput {
  const parameters = jsonOf(values.get('arguments') ?? '[]')
  const body = { arguments: parameters, result: values.get('result') ?? 'value' }
  try {
    return readCall(exported, Buffer.from(JSON.stringify(body)))
  } catch (cause) {
    throw new UsageError(explain(cause), { cause })
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const example = `--arguments '[1, "text", {"i64": "5"}]'`
    throw new UsageError(`flag "--arguments" must be a JSON array, as ${example}: ${explain(cause)}`, {
      cause,
    })
  }
}

async function contentOf(path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path))
  } catch (cause) {
    throw new FailureError(`standard input ${path} cannot be read: ${explain(cause)}`, { cause })
  }
}
