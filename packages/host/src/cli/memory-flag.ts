/** `--max-memory-bytes` of commands that try a module: as of the host that it is for. */
import { type Arguments, type Flag } from './flags.ts'
import { defaultOf, optionTable } from './options/option-table.ts'
import { bytesOfText } from './options/option-values.ts'
import { UsageError } from './usage-error.ts'

const { value, help } = optionTable.maxMemoryBytes
const page = 65_536

export const memoryFlag: Flag = { value, help, default: defaultOf('maxMemoryBytes') }

/** @throws UsageError */
export function memoryOf({ values }: Arguments): number {
  const source = 'flag "--max-memory-bytes"'
  const text = values.get('max-memory-bytes') ?? defaultOf('maxMemoryBytes')
  const bytes = bytesOfText(text, source)
  if (bytes >= page && bytes <= 2 ** 32 && bytes % page === 0) return bytes
  throw new UsageError(`${source} must be a multiple of ${page} from ${page} to ${2 ** 32}, not ${bytes}`)
}
