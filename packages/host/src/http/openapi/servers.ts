/** Where the two ports are, by default. */
import type { Part } from './parts.ts'

function port(description: string, number: string): Part {
  return {
    url: 'http://{host}:{port}',
    description,
    variables: { host: { default: '127.0.0.1' }, port: { default: number } },
  }
}

/** For requests: option `listen`. */
export const dataPort: Part = port('The data port: runs commands, calls exports.', '8080')

/** For those who run the host: option `adminListen`. */
export const adminPort: Part = port(
  'The administration port: puts and deletes modules, tells what is.',
  '8081',
)
