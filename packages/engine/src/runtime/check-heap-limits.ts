/**
 * What a module may take of V8's own heap in one piece: refused is what starts with more. What it takes later is limited by the
 * rewrite (`binary/appended.ts`, `binary/array-helpers.ts`).
 */
import type { HeapLimits, HeapUse } from '../binary/heap-limits.ts'
import type { ConstantArray, ModuleStructure } from '../binary/module-structure.ts'
import { MalformedModuleError } from '../binary/reader.ts'
import { SerializedModuleError } from '../errors/serialized-module-error.ts'
import { UnsupportedModuleError } from '../errors/unsupported-module-error.ts'

/** @throws UnsupportedModuleError */
export function checkHeapLimits(structure: ModuleStructure, limits: HeapLimits): void {
  const { tables, longestElements, allElements } = structure
  const { maxTables, maxTableElements } = limits
  const defined = tables.filter(({ imported }) => !imported).length
  if (defined > maxTables)
    throw new UnsupportedModuleError(
      `it has ${defined} tables, and ${maxTables} are allowed`,
      raise('maxTables'),
    )
  for (const [index, { limits: table, imported }] of tables.entries()) {
    if (!imported && table.minimum > maxTableElements)
      throw new UnsupportedModuleError(
        `table ${index} starts with ${table.minimum} entries, and ${maxTableElements} are allowed`,
        raise('maxTableElements'),
      )
  }
  if (longestElements > maxTableElements)
    throw new UnsupportedModuleError(
      `an element segment has ${longestElements} entries, and ${maxTableElements} are allowed`,
      raise('maxTableElements'),
    )
  if (allElements > maxTables * maxTableElements)
    throw new UnsupportedModuleError(
      `its element segments have ${allElements} entries, and ${maxTables} tables of ${maxTableElements} are allowed`,
      'Raise option `maxTables` or `maxTableElements`.',
    )
  checkConstantArrays(structure, limits)
}

/** No guest's code makes these, so nothing but their sum limits them. */
function checkConstantArrays(
  { types, constantArrays }: ModuleStructure,
  { maxArrayBytes }: HeapLimits,
): void {
  if (maxArrayBytes === Infinity) return
  let sum = 0
  for (const { type, length } of constantArrays) {
    if (length === undefined)
      throw new UnsupportedModuleError(
        'a constant expression makes an array whose length is no plain constant',
        'Make it with code, or leave option `maxArrayBytes` out.',
      )
    sum += length * elementBytes(types, { type, length })
  }
  if (sum > maxArrayBytes)
    throw new UnsupportedModuleError(
      `its constant expressions make arrays of ${sum} bytes, and ${maxArrayBytes} are allowed`,
      raise('maxArrayBytes'),
    )
}

function elementBytes(types: ModuleStructure['types'], { type }: ConstantArray): number {
  const array = types[type]
  if (array?.kind !== 'array') throw new MalformedModuleError(`type ${type} is no array`, 0)
  return array.elementBytes
}

/** Whether a module that was rewritten elsewhere stays within this engine's limits. @throws SerializedModuleError */
export function checkHeapUse(use: HeapUse, limits: HeapLimits): void {
  const { maxTables, maxTableElements, maxArrayBytes } = limits
  fits('maxTables', use.tables, maxTables)
  fits('maxTableElements', Math.max(use.tableElements, use.segmentElements), maxTableElements)
  fits('maxTables', Math.ceil(use.allSegmentElements / maxTableElements), maxTables)
  fits('maxArrayBytes', use.arrayBytes, maxArrayBytes)
}

function fits(option: keyof HeapLimits, used: number, most: number): void {
  if (used <= most) return
  throw new SerializedModuleError(
    `it was compiled for an engine with a larger \`${option}\`: it can take ${used}, and ${most} are allowed`,
    `Raise option \`${option}\`, or compile it again with this one.`,
  )
}

function raise(option: keyof HeapLimits): string {
  return `Raise option \`${option}\`.`
}
