/** Settings of modules: the ranges and defaults that are described are those that are kept. */
import { expect, test } from 'vitest'
import { digestOf } from '../../src/modules/digest.ts'
import { openApi } from '../../src/http/openapi.ts'
import { bad, BadRequests, type Table } from '../support/bad-requests.ts'
import { command } from '../support/programs.ts'
import { wat } from '../support/wat.ts'

interface Setting {
  readonly type?: 'integer'
  readonly minimum: number
  readonly maximum: number
  readonly multipleOf?: number
  readonly default?: number | string
}

const { schemas } = openApi['components'] as {
  schemas: { ModuleSettings: { properties: Readonly<Record<string, Setting>> } }
}
const settings = Object.entries(schemas.ModuleSettings.properties)
const emptyModule = wat('(module)')
/** Where the host has less than the range. */
const hostsMost: Readonly<Record<string, number>> = { memoryBytes: 2 ** 20, warmSlots: 16 }
const path = (name: string, value: string): string =>
  `/v1/modules/new?${new URLSearchParams({ digest: digestOf(command), [name]: value })}`

const requests = new BadRequests()

function wrongValues({ type, minimum, maximum, multipleOf }: Setting): string[] {
  const always = ['', ' ', '1 ', 'x', '-1', '1.5', '1e3', '0x10', '٣', 'null', '1,2', '9'.repeat(400)]
  if (type !== 'integer') return [...always, 'Once', 'once ']
  return [
    ...always,
    String(minimum - 1),
    String(maximum + 1),
    ...(multipleOf === undefined ? [] : [String(minimum + 1)]),
  ]
}

for (const [name, setting] of settings) {
  const wrong = wrongValues(setting).map((value): Table => {
    const request = { method: 'PUT', body: command, path: path(name, value), problem: bad }
    return { [`${name} of ${JSON.stringify(value.slice(0, 20))}`]: request }
  })
  requests.admin(Object.assign({}, ...wrong) as Table)
}

test.each(settings)(
  '%s: the ends of its range are taken, and the default is what is described',
  async (name, setting) => {
    const { host } = requests
    const ends =
      setting.type === 'integer'
        ? [setting.minimum, hostsMost[name] ?? setting.maximum]
        : ['each-request', 'once']
    for (const [index, value] of ends.entries()) {
      const answer = await host.put(`${name}-${index}`, emptyModule, { [name]: value })
      const module = (await answer.json()) as { settings: Record<string, unknown> }
      expect(module.settings[name]).toBe(value)
    }
    if (setting.default === undefined) return
    const answer = await fetch(`${host.admin}/v1/modules/library`)
    const module = (await answer.json()) as { settings: Record<string, unknown> }
    expect(module.settings[name]).toBe(setting.default)
  },
)
