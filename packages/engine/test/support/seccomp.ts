/**
 * Source text for a child: forbids system calls to the thread that runs it, as a container's seccomp profile does, by a
 * filter in the kernel (seccomp(2)). There is no way back, so it is for children only.
 */
import { constants } from 'node:os'

export type FilteredCall = keyof typeof callNumbers

export interface Prohibition {
  readonly call: FilteredCall
  readonly errno: keyof typeof constants.errno
  /** Only where the low 32 bits of this argument, masked, are equal to it. */
  readonly argument?: { readonly index: number; readonly mask?: number; readonly equals: number }
}

/** Numbers of the calls: on x86-64, on arm64. */
const callNumbers = {
  mmap: [9, 222],
  mprotect: [10, 226],
  munmap: [11, 215],
  ioctl: [16, 29],
  pread: [17, 67],
  pwrite: [18, 68],
  madvise: [28, 233],
  fcntl: [72, 25],
  ftruncate: [77, 46],
  memfd_create: [319, 279],
} as const

/** Classic BPF: load a word of seccomp_data, mask it, jump if equal, return. */
const load = 0x20
const and = 0x54
const jumpIfEqual = 0x15
const give = 0x06
const allow = 0x7fff_0000
const fail = 0x0005_0000

type Instruction = readonly [code: number, then: number, otherwise: number, operand: number]

function program(prohibitions: readonly Prohibition[]): Instruction[] {
  const architecture = process.arch === 'arm64' ? 1 : 0
  const instructions = prohibitions.flatMap(({ call, errno, argument }): Instruction[] => {
    const verdict: Instruction = [give, 0, 0, fail | constants.errno[errno]]
    const condition: Instruction[] = argument
      ? [
          [load, 0, 0, 16 + 8 * argument.index],
          [and, 0, 0, argument.mask ?? 0xffff_ffff],
          [jumpIfEqual, 0, 1, argument.equals],
        ]
      : []
    const rest = [...condition, verdict]
    return [[load, 0, 0, 0], [jumpIfEqual, 0, rest.length, callNumbers[call][architecture]], ...rest]
  })
  return [...instructions, [give, 0, 0, allow]]
}

/** What a child runs to forbid it to itself. */
export function forbidding(...prohibitions: readonly Prohibition[]): string {
  return `
  {
    const { createRequire } = await import('node:module')
    const koffi = createRequire(import.meta.resolve('@warmslot/memory-image'))('koffi')
    const prctl = koffi.load(null).func(
      'int prctl(int option, uintptr_t two, uintptr_t three, uintptr_t four, uintptr_t five)')
    const instructions = ${JSON.stringify(program(prohibitions))}
    const code = Buffer.alloc(8 * instructions.length)
    for (const [place, [operation, then, otherwise, operand]] of instructions.entries()) {
      code.writeUInt16LE(operation, 8 * place)
      code.writeUInt8(then, 8 * place + 2)
      code.writeUInt8(otherwise, 8 * place + 3)
      code.writeUInt32LE(operand >>> 0, 8 * place + 4)
    }
    const head = Buffer.alloc(16)
    head.writeUInt16LE(instructions.length, 0)
    head.writeBigUInt64LE(BigInt(koffi.address(code)), 8)
    if (prctl(38, 1, 0, 0, 0) !== 0 || prctl(22, 2, koffi.address(head), 0, 0) !== 0) throw new Error('no seccomp here')
  }`
}
