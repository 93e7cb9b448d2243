/** Addresses to listen on: `HOST:PORT`, `[IPV6]:PORT`, `:PORT` for all interfaces. */
import { InvalidHostOptionError } from './options.ts'

export interface ListenAddress {
  readonly hostname: string
  readonly port: number
}

/** @throws InvalidHostOptionError */
export function readListenAddress(option: string, text: string): ListenAddress {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits)
  if (digits === undefined || port > 65_535)
    throw new InvalidHostOptionError(option, 'HOST:PORT, [IPV6]:PORT or :PORT', text)
  return { hostname: bracketed ?? (plain === '' ? '0.0.0.0' : plain!), port }
}

/** Whether only this machine's own processes can reach it. */
export function isLoopback({ hostname }: ListenAddress): boolean {
  return hostname === 'localhost' || hostname === '::1' || /^127(\.\d{1,3}){3}$/.test(hostname)
}
