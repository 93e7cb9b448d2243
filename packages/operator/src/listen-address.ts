/** Addresses to listen on: `HOST:PORT`, `[IPV6]:PORT`, `:PORT` for all interfaces. */
import { InvalidOperatorOptionError } from './errors/invalid-operator-option-error.ts'

export interface ListenAddress {
  /** Undefined: all interfaces, of IPv6 too where there is one. */
  readonly host: string | undefined
  readonly port: number
}

/** @throws InvalidOperatorOptionError */
export function readListenAddress(option: string, text: string): ListenAddress {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits)
  if (digits === undefined || port > 65_535)
    throw new InvalidOperatorOptionError(option, 'HOST:PORT, [IPV6]:PORT or :PORT', text)
  return { host: bracketed ?? (plain === '' ? undefined : plain), port }
}
