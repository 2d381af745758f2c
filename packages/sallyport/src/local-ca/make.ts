/**
 * Makes the local CA and the gateway's certificate in a folder: `node make.ts <folder>`. A process of its own, because the
 * library takes more memory than all else and is needed for a moment.
 */
import 'reflect-metadata'
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'
import { loopbackConstraints, nameConstraintsOid } from './name-constraints.ts'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const dayMs = 86_400_000
const caDays = 3650
const serverDays = 397
const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('usage: make.ts <folder>')

x509.cryptoProvider.set(crypto)
const notBefore = new Date(Date.now() - dayMs)
const caKeys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
const ca = await x509.X509CertificateGenerator.createSelfSigned({
  name: 'CN=Sallyport local CA',
  notBefore,
  notAfter: new Date(Date.now() + caDays * dayMs),
  signingAlgorithm: algorithm,
  keys: caKeys,
  extensions: [
    new x509.BasicConstraintsExtension(true, 0, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']),
    new x509.Extension(nameConstraintsOid, true, new Uint8Array(loopbackConstraints())),
    await x509.SubjectKeyIdentifierExtension.create(caKeys.publicKey),
  ],
})
const serverKeys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
const server = await x509.X509CertificateGenerator.create({
  subject: 'CN=localhost',
  issuer: ca.subject,
  notBefore,
  notAfter: new Date(Date.now() + serverDays * dayMs),
  signingAlgorithm: algorithm,
  publicKey: serverKeys.publicKey,
  signingKey: caKeys.privateKey,
  extensions: [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.1']),
    new x509.SubjectAlternativeNameExtension([
      { type: 'dns', value: 'localhost' },
      { type: 'ip', value: '127.0.0.1' },
      { type: 'ip', value: '::1' },
    ]),
    await x509.AuthorityKeyIdentifierExtension.create(caKeys.publicKey),
  ],
})

await write('ca.key.pem', await keyPem(caKeys.privateKey))
await write('ca.pem', `${ca.toString('pem')}\n`)
await write('server.key.pem', await keyPem(serverKeys.privateKey))
// Written last: where it is, all of it is.
await write('server.pem', `${server.toString('pem')}\n`)

async function keyPem(key: CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`
}

async function write(name: string, text: string): Promise<void> {
  const path = join(String(folder), name)
  const file = openSync(`${path}.new`, 'w', 0o600)
  writeSync(file, text)
  fsyncSync(file)
  closeSync(file)
  renameSync(`${path}.new`, path)
}
