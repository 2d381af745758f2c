import 'reflect-metadata'
import { execFileSync } from 'node:child_process'
import { createPrivateKey } from 'node:crypto'
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { X509Certificate, X509CertificateGenerator } from '@peculiar/x509'

/** A certificate and its private key, by the paths of their PEM files. */
export interface Pair {
  readonly cert: string
  readonly key: string
}

/** A certificate authority of a test's own. */
export interface OwnAuthority {
  readonly folder: string
  readonly ca: string
  /** For localhost and 127.0.0.1. */
  readonly server: Pair
  /** A client's, for a common name; over the files of that name that were there before, as a renewal does it. */
  client(commonName: string): Promise<Pair>
}

const maker = join(import.meta.dirname, '../packages/sallyport/src/local-ca/make.ts')
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const dayMs = 86_400_000

/** @param folder  of an authority that a new one takes the place of */
export function ownAuthority(folder = mkdtempSync(join(tmpdir(), 'sallyport-authority-'))): OwnAuthority {
  execFileSync(process.execPath, [maker, folder])
  after(() => rmSync(folder, { recursive: true, force: true }))
  const at = (name: string) => join(folder, name)
  return {
    folder,
    ca: at('ca.pem'),
    server: { cert: at('server.pem'), key: at('server.key.pem') },
    async client(commonName) {
      const issuer = new X509Certificate(readFileSync(at('ca.pem'), 'utf8'))
      const { publicKey, privateKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
      const caKey = createPrivateKey(readFileSync(at('ca.key.pem'), 'utf8')).export({ type: 'pkcs8', format: 'der' })
      const signingKey = await crypto.subtle.importKey('pkcs8', new Uint8Array(caKey), algorithm, false, ['sign'])
      const made = await X509CertificateGenerator.create({
        subject: `CN=${commonName}`,
        issuer: issuer.subject,
        notBefore: new Date(Date.now() - dayMs),
        notAfter: new Date(Date.now() + dayMs),
        signingAlgorithm: algorithm,
        publicKey,
        signingKey,
      })
      const pair = { cert: at(`${commonName}.pem`), key: at(`${commonName}.key.pem`) }
      const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', privateKey)).toString('base64')
      replace(pair.key, `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`)
      replace(pair.cert, `${made.toString('pem')}\n`)
      return pair
    },
  }
}

function replace(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}
