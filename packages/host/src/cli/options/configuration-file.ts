/** The configuration file: a JSON object, with the names of HostOptions. */
import { readFile } from 'node:fs/promises'
import { FailureError } from '../failure-error.ts'
import { suggestion } from '../nearest-name.ts'
import { UsageError } from '../usage-error.ts'
import { type OptionName, optionNames, optionTable } from './option-table.ts'
import { valueOfJson } from './option-values.ts'

/** @throws FailureError where it cannot be read; UsageError for what is wrong in it */
export async function readConfigurationFile(path: string): Promise<Map<OptionName, string | number>> {
  const values = new Map<OptionName, string | number>()
  for (const [name, value] of Object.entries(objectOf(await textOf(path), path))) {
    if (!isOptionName(name))
      throw new UsageError(`${path}: there is no option "${name}"${suggestion(name, optionNames)}`)
    values.set(name, valueOfJson(optionTable[name], value, `${path}: "${name}"`))
  }
  return values
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const reason = code === 'ENOENT' ? 'there is no such file' : (cause as Error).message
    throw new FailureError(`the configuration file ${path} cannot be read: ${reason}`, { cause })
  }
}

function objectOf(text: string, path: string): object {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new UsageError(`${path} is not JSON: ${(cause as Error).message}`, { cause })
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new UsageError(`${path} must hold a JSON object: {"listen": "127.0.0.1:8080"}`)
}

function isOptionName(name: string): name is OptionName {
  return Object.hasOwn(optionTable, name)
}
