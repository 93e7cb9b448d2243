/** Certificates for servers of tests, made here: X.509 of as few parts as clients need. Source: RFC 5280, ITU-T X.690. */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { isIP } from 'node:net'

export interface Certificate {
  readonly name: string
  /** PEM. */
  readonly cert: string
  /** PEM. */
  readonly key: string
  readonly privateKey: KeyObject
}

const ecdsaWithSha256 = der(0x30, oid('2a8648ce3d040302'))

/** An authority that vouches for itself. */
export function makeAuthority(name: string): Certificate {
  return make(name, undefined, extension('551d13', der(0x30, der(0x01, Buffer.of(0xff)))))
}

/** @param addresses of IPv4, `::1`, or names */
export function makeCertificate(authority: Certificate, addresses: readonly string[]): Certificate {
  const names = addresses.map((one) => {
    if (one === '::1') return der(0x87, Buffer.alloc(15), Buffer.of(1))
    return isIP(one) === 4 ? der(0x87, Buffer.from(one.split('.').map(Number))) : der(0x82, Buffer.from(one))
  })
  return make('server', authority, extension('551d11', der(0x30, ...names)))
}

function make(name: string, issuer: Certificate | undefined, extensionPart: Buffer): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const day = 86_400_000
  const signed = der(
    0x30,
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.concat([Buffer.of(1), randomBytes(8)])),
    ecdsaWithSha256,
    nameOf(issuer?.name ?? name),
    der(0x30, time(Date.now() - day), time(Date.now() + day)),
    nameOf(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, extensionPart)),
  )
  const signature = sign('sha256', signed, issuer?.privateKey ?? privateKey)
  const whole = der(0x30, signed, ecdsaWithSha256, der(0x03, Buffer.of(0), signature))
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  return { name, cert: pem(whole), key, privateKey }
}

/** One value: its tag, its length, and what is in it. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content])
  if (length < 0x100) return Buffer.concat([Buffer.of(tag, 0x81, length), content])
  return Buffer.concat([Buffer.of(tag, 0x82, length >> 8, length & 0xff), content])
}

function oid(hexadecimal: string): Buffer {
  return der(0x06, Buffer.from(hexadecimal, 'hex'))
}

function nameOf(commonName: string): Buffer {
  return der(0x30, der(0x31, der(0x30, oid('550403'), der(0x0c, Buffer.from(commonName)))))
}

function extension(id: string, content: Buffer): Buffer {
  return der(0x30, oid(id), der(0x04, content))
}

function time(milliseconds: number): Buffer {
  const digits = new Date(milliseconds).toISOString().replaceAll(/\D/g, '')
  return der(0x17, Buffer.from(`${digits.slice(2, 14)}Z`))
}

function pem(bytes: Buffer): string {
  const lines = bytes
    .toString('base64')
    .match(/.{1,64}/g)!
    .join('\n')
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`
}
