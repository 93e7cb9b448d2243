/** Certificates for tests, made by OpenSSL: an authority, a server at 127.0.0.1 and ::1, and clients. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface KeyPair {
  readonly cert: string
  readonly key: string
}

export class Authority implements Disposable {
  readonly #folder: string = mkdtempSync(join(tmpdir(), 'warmslot-certificates-'))
  readonly cert: string

  constructor() {
    this.#openssl('req', '-x509', ...newKey('ca'), '-subj', '/CN=authority', '-days', '2')
    this.cert = this.#read('ca.pem')
  }

  /** @param name of a server, `127.0.0.1`, or of a client */
  issue(name: string): KeyPair {
    const extensions = join(this.#folder, 'extensions')
    writeFileSync(extensions, `subjectAltName=IP:127.0.0.1,IP:::1\nextendedKeyUsage=serverAuth,clientAuth\n`)
    this.#openssl('req', ...newKey(name), '-subj', `/CN=${name}`)
    const ca = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial']
    this.#openssl(
      'x509',
      '-req',
      '-in',
      `${name}.pem`,
      ...ca,
      '-days',
      '2',
      '-extfile',
      extensions,
      '-out',
      `${name}.crt`,
    )
    return { cert: this.#read(`${name}.crt`), key: this.#read(`${name}.key`) }
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true })
  }

  #read(file: string): string {
    return readFileSync(join(this.#folder, file), 'utf8')
  }

  #openssl(...parameters: string[]): void {
    execFileSync('openssl', parameters, { cwd: this.#folder, stdio: 'pipe' })
  }
}

function newKey(name: string): string[] {
  return [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.pem`,
  ]
}
