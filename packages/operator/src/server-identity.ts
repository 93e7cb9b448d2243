/**
 * Whether a server's certificate is for the address that was asked. Some versions of Node (22.23, 24.17, 26.4, and others of that time) find no
 * IPv6 address in any certificate (nodejs/node#64032), so these are looked for by OpenSSL here; all else is Node's to check.
 */
import { X509Certificate } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { checkServerIdentity as checkByNode, type PeerCertificate } from 'node:tls'

/** For the option of the same name. @param hostname IPv6 without brackets @returns why not; undefined: it is */
export function checkServerIdentity(hostname: string, certificate: PeerCertificate): Error | undefined {
  if (!isIPv6(hostname)) return checkByNode(hostname, certificate)
  // Zones mean something on this machine only: no certificate has them.
  const address = hostname.replace(/%.*$/, '')
  if (new X509Certificate(certificate.raw).checkIP(address) !== undefined) return undefined
  const names = certificate.subjectaltname ?? 'no names'
  const error = new Error(`The server's certificate is not for the address ${hostname}, but for ${names}.`)
  return Object.assign(error, { code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
}
