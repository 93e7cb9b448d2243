/** What a helper is called in stack traces: the instruction that it stands for. */
import { arrayOpcodes } from './array-helpers.ts'
import type { Helper } from './helper-functions.ts'

const arrays: Record<number, string> = {
  [arrayOpcodes.new]: 'array.new',
  [arrayOpcodes.newDefault]: 'array.new_default',
  [arrayOpcodes.newData]: 'array.new_data',
  [arrayOpcodes.newElem]: 'array.new_elem',
}

const tables: Record<string, string> = {
  tableGet: 'table.get',
  tableSet: 'table.set',
  tableGrow: 'table.grow',
  tableFill: 'table.fill',
}

export function helperName(helper: Helper): string {
  const { kind } = helper
  if (kind === 'atomic') return atomicName(helper.opcode)
  if (kind === 'arrayNew') return arrays[helper.opcode]!
  if (kind === 'reset' || kind === 'interrupt') return `warmslot.${kind}`
  return tables[kind] ?? `memory.${kind}`
}

/** In the order of the opcodes: type and access width of each load, store and read-modify-write. */
const widths = ['i32 ', 'i64 ', 'i32 8', 'i32 16', 'i64 8', 'i64 16', 'i64 32'].map((one) => one.split(' '))
const operations = ['add', 'sub', 'and', 'or', 'xor', 'xchg', 'cmpxchg']

/** An instruction behind the prefix 0xfe by its name. Source: the threads proposal, "Encoding". */
function atomicName(opcode: number): string {
  if (opcode < 0x10) return `memory.atomic.${['notify', 'wait32', 'wait64'][opcode]}`
  const [type, width] = widths[(opcode - 0x10) % widths.length]!
  const sign = width === '' ? '' : '_u'
  const group = Math.floor((opcode - 0x10) / widths.length)
  if (group === 0) return `${type}.atomic.load${width}${sign}`
  if (group === 1) return `${type}.atomic.store${width}`
  return `${type}.atomic.rmw${width}.${operations[group - 2]}${sign}`
}
