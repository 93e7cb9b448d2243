/** Whether a certificate is for the server that was asked: on each version of Node the same. */
import { X509Certificate } from 'node:crypto'
import type { PeerCertificate } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { checkServerIdentity } from '../src/kubernetes/server-identity.ts'
import { makeAuthority, makeCertificate } from './support/certificates.ts'

function certificateFor(...names: readonly string[]): PeerCertificate {
  const { cert } = makeCertificate(makeAuthority('kubernetes'), names)
  return new X509Certificate(cert).toLegacyObject() as unknown as PeerCertificate
}

describe('a certificate for 127.0.0.1, ::1 and localhost', () => {
  const certificate = certificateFor('127.0.0.1', '::1', 'localhost')

  it.each(['127.0.0.1', '::1', '0:0:0:0:0:0:0:1', '::1%lo', 'localhost', 'LOCALHOST'])(
    'is for %s',
    (name) => {
      expect(checkServerIdentity(name, certificate)).toBeUndefined()
    },
  )

  it.each(['127.0.0.2', '::', '::2', '::2%lo', '::ffff:127.0.0.1', 'fd00::1', '[::1]', 'other', ''])(
    'is not for %j',
    (name) => {
      expect(checkServerIdentity(name, certificate)).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
    },
  )
})

it('one for a name says nothing of an address, though they look alike', () => {
  expect(checkServerIdentity('::1', certificateFor('localhost'))).toMatchObject({
    message: expect.stringMatching(/address ::1, but for DNS:localhost/),
  })
})
