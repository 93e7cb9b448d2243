/**
 * Walks all function bodies and notes what must be replaced: `memory.size`, `memory.grow`, the bulk and atomic instructions
 * that V8's trap handler does not cover, and where arrays have a limit what makes them.
 *
 * It is a generator that yields now and then, so that a large module does not hold the event loop.
 */
import { arrayHelper } from './array-helpers.ts'
import type { HeapLimits } from './heap-limits.ts'
import type { Helper, MemoryHelper } from './helper-functions.ts'
import { atomicBytes } from './atomic-helpers.ts'
import { InstructionWalker } from './instructions.ts'
import type { ModuleStructure } from './module-structure.ts'
import { sectionId } from './module-structure.ts'
import { immediates, plainOpcodes } from './opcodes.ts'
import { Reader } from './reader.ts'
import { skipCommon, skipLocals, stepsOver } from './skip-code.ts'
import { heapType } from './types.ts'

/** How many bytes of code are walked between two yields: less than a millisecond's work, two before V8 has optimised it. */
const sliceBytes = 64 * 1024

export interface CodeScan {
  /**
   * What to replace, in the order of the code, three numbers each: first byte, byte after the last, and the helper's
   * number to call, or `-1 - g` for a logical size, where `g` is the number of a memory, or of all memories and a table.
   */
  readonly patches: readonly number[]
  readonly helpers: readonly Helper[]
  /** Per memory: whether any patch refers to it. */
  readonly memoriesUsed: readonly boolean[]
  /** Per table: whether any patch refers to it. */
  readonly tablesUsed: readonly boolean[]
  /** The globals that the code sets. */
  readonly globalsSet: ReadonlySet<number>
  /** Whether the code changes tables, drops segments, or changes objects of the GC proposal. */
  readonly changesTables: boolean
  readonly dropsSegments: boolean
  readonly changesObjects: boolean
  /** Whether the code makes arrays of any length. */
  readonly makesArrays: boolean
}

/** Where a block begins there is nothing to note. */
const steps = stepsOver(plainOpcodes, true)

/** How a module is to be rewritten. */
export interface ScanOptions {
  /** Whether exported tables are left as V8 has them, for other modules that import them. */
  readonly sharedTables: boolean
  readonly heapLimits: HeapLimits
}

export function* scanCode(structure: ModuleStructure, options: ScanOptions): Generator<void, CodeScan> {
  const scan = new Scan(structure, options)
  const section = structure.sections.find((one) => one.id === sectionId.code)
  if (section) {
    const reader = new Reader(structure.bytes, section.contents.start, section.contents.end)
    const bodies = reader.count()
    if (bodies !== structure.functionTypes.length - structure.importedFunctions) {
      reader.fail('function and code sections differ in length')
    }
    let pauseAt = reader.position + sliceBytes
    for (let body = 0; body < bodies; body++) {
      const size = reader.u32()
      const start = reader.position
      reader.skip(size)
      scan.body(start, start + size)
      if (reader.position > pauseAt) {
        yield
        pauseAt = reader.position + sliceBytes
      }
    }
    if (!reader.done) reader.fail('code section has bytes left over')
  }
  return scan
}

class Scan implements CodeScan {
  readonly patches: number[] = []
  readonly helpers: Helper[] = []
  readonly memoriesUsed: boolean[]
  readonly tablesUsed: boolean[]
  readonly globalsSet = new Set<number>()
  changesTables = false
  dropsSegments = false
  changesObjects = false
  makesArrays = false
  readonly #maxArrayBytes: number
  readonly #sizeable: readonly boolean[]
  readonly #structure: ModuleStructure
  readonly #helperNumbers = new Map<string, number>()
  readonly #reader: Reader
  readonly #walker: InstructionWalker

  constructor(structure: ModuleStructure, { sharedTables, heapLimits }: ScanOptions) {
    this.#structure = structure
    this.#maxArrayBytes = heapLimits.maxArrayBytes
    this.memoriesUsed = structure.memories.map(() => false)
    this.tablesUsed = structure.tables.map(() => false)
    const shared = new Set(
      sharedTables ? structure.exports.filter(({ kind }) => kind === 'table').map(({ index }) => index) : [],
    )
    this.#sizeable = structure.tables.map(
      (_, table) => !shared.has(table) && canHaveLogicalSize(structure, table),
    )
    this.#reader = new Reader(structure.bytes)
    this.#walker = new InstructionWalker(this.#reader)
  }

  body(start: number, end: number): void {
    const reader = this.#reader
    const walker = this.#walker
    reader.position = start
    reader.end = end
    skipLocals(reader)
    while (reader.position < end) {
      skipCommon(reader, steps)
      const from = reader.position
      if (from >= end) break
      walker.next()
      if (walker.shape >= immediates.memorySize) this.#note(from)
    }
    if (reader.position !== end) reader.fail('instruction beyond its body')
  }

  #note(from: number): void {
    switch (this.#walker.shape) {
      case immediates.globalSet:
        this.globalsSet.add(this.#walker.global)
        break
      case immediates.tableGet:
      case immediates.tableSet:
      case immediates.tableGrow:
      case immediates.tableSize:
      case immediates.tableFill:
        this.#table(from)
        break
      case immediates.changesTables:
        this.changesTables = true
        break
      case immediates.dropsSegment:
        this.dropsSegments = true
        break
      case immediates.changesObject:
      case immediates.changesObjects:
        this.changesObjects = true
        break
      case immediates.arrayNew:
      case immediates.arrayNewSegment:
        this.#array(from)
        break
      default:
        this.#replace(from)
    }
  }

  #table(from: number): void {
    const { shape, table } = this.#walker
    if (this.#sizeable[table] !== true) {
      this.changesTables ||= shape !== immediates.tableGet && shape !== immediates.tableSize
      return
    }
    this.tablesUsed[table] = true
    const kind = tableKinds[shape - immediates.tableGet]!
    const replacement =
      kind === 'tableSize'
        ? -1 - this.memoriesUsed.length - table
        : this.#helper({ kind, table }, `${kind} ${table}`)
    this.patches.push(from, this.#reader.position, replacement)
  }

  #array(from: number): void {
    this.makesArrays = true
    if (this.#maxArrayBytes === Infinity) return
    const { shape, opcode, type, second } = this.#walker
    const segment = shape === immediates.arrayNewSegment ? second : undefined
    const array = this.#structure.types[type]
    if (array?.kind !== 'array') return this.#reader.fail(`type ${type} is no array`)
    const interrupt = this.#helper({ kind: 'interrupt' }, 'interrupt')
    const helper = arrayHelper(opcode, type, array, segment, this.#maxArrayBytes, interrupt)
    const number = this.#helper(helper, `array ${opcode} ${type} ${segment}`)
    this.patches.push(from, this.#reader.position, number)
  }

  #replace(from: number): void {
    const { shape, memory, second, opcode, offset } = this.#walker
    const kind = replacedKinds[shape - immediates.memorySize]!
    this.#use(memory)
    if (kind === 'copy') this.#use(second)
    if (kind === 'atomic' && 2 ** second !== atomicBytes(opcode)) this.#reader.fail('atomic alignment')
    const replacement =
      kind === 'size' ? -1 - memory : this.#memoryHelper(kind, memory, second, opcode, offset)
    this.patches.push(from, this.#reader.position, replacement)
  }

  #use(memory: number): void {
    if (memory >= this.memoriesUsed.length) this.#reader.fail(`there is no memory ${memory}`)
    this.memoriesUsed[memory] = true
  }

  #memoryHelper(
    kind: MemoryHelper['kind'],
    memory: number,
    second: number,
    opcode: number,
    offset: bigint,
  ): number {
    const atomic = kind === 'atomic'
    const { memories } = this.#structure
    const helper: MemoryHelper = {
      kind,
      memory,
      is64: memories[memory]!.limits.is64,
      second64: kind === 'copy' && memories[second]!.limits.is64,
      second: kind === 'grow' || kind === 'fill' ? 0 : second,
      opcode: atomic ? opcode : 0,
      offset: atomic ? offset : 0n,
    }
    return this.#helper(helper, `${kind} ${helper.opcode} ${memory} ${helper.second} ${helper.offset}`)
  }

  #helper(helper: Helper, key: string): number {
    const known = this.#helperNumbers.get(key)
    if (known !== undefined) return known
    const number = this.helpers.push(helper) - 1
    this.#helperNumbers.set(key, number)
    return number
  }
}

/** In the order of the shapes from `memorySize` to `atomic`. */
const replacedKinds = ['size', 'grow', 'init', 'copy', 'fill', 'atomic'] as const

/** In the order of the shapes from `tableGet` to `tableFill`. */
const tableKinds = ['tableGet', 'tableSet', 'tableGrow', 'tableSize', 'tableFill'] as const

/** See `table-helpers.ts`. */
function canHaveLogicalSize({ tables, filledTables }: ModuleStructure, table: number): boolean {
  const { type, limits, imported, initialised } = tables[table]!
  return (
    type.code === heapType.extern && !imported && !initialised && !limits.is64 && !filledTables.has(table)
  )
}
