import 'reflect-metadata'
import assert from 'node:assert/strict'
import { connect as connectPlain } from 'node:net'
import { test } from 'node:test'
import { connect as connectTls, type PeerCertificate } from 'node:tls'
import { X509CertificateGenerator } from '@peculiar/x509'
import { createListener } from './listener.ts'

/** A certificate of its own for localhost, by its common name. */
async function certificate(name: string): Promise<{ readonly cert: string; readonly key: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const made = await X509CertificateGenerator.createSelfSigned(
    { name: `CN=${name}`, keys, signingAlgorithm: algorithm },
    crypto,
  )
  const der = await crypto.subtle.exportKey('pkcs8', keys.privateKey)
  const body = Buffer.from(der).toString('base64')
  return { cert: made.toString('pem'), key: `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n` }
}

function handshake(port: number, options: { readonly maxVersion?: 'TLSv1.1' } = {}): Promise<PeerCertificate> {
  return new Promise((resolve, reject) => {
    const weak = options.maxVersion === undefined ? {} : { minVersion: 'TLSv1' as const, ciphers: 'DEFAULT@SECLEVEL=0' }
    const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, ...weak, ...options }, () => {
      resolve(socket.getPeerCertificate())
      socket.destroy()
    })
    socket.on('error', reject)
  })
}

test('with a certificate it speaks https from TLS 1.2 on, and the certificate is replaced without closing', async t => {
  const listener = createListener({
    name: 'tls',
    origin: 'https://localhost',
    port: 0,
    tls: await certificate('first'),
  })
  t.after(() => listener.close())
  listener.app.get('/', async () => 'hello')
  const { port } = await listener.listen()
  assert.equal((await handshake(port)).subject.CN, 'first')
  await assert.rejects(handshake(port, { maxVersion: 'TLSv1.1' }), /alert protocol version|unsupported protocol/)
  listener.replaceCertificate(await certificate('second'))
  assert.equal((await handshake(port)).subject.CN, 'second')
})

test('plain HTTP on a TLS port is closed, not left hanging', async t => {
  const listener = createListener({
    name: 'tls',
    origin: 'https://localhost',
    port: 0,
    tls: await certificate('first'),
  })
  t.after(() => listener.close())
  const { port } = await listener.listen()
  const answer = await new Promise<string>((resolve, reject) => {
    let text = ''
    const socket = connectPlain(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'))
    socket.setTimeout(20_000, () => socket.destroy(new Error('it hangs')))
    socket.on('data', data => {
      text += String(data)
    })
    socket.on('error', error => ('code' in error && error.code === 'ECONNRESET' ? resolve(text) : reject(error)))
    socket.on('close', () => resolve(text))
  })
  assert.ok(!answer.includes('HTTP/1.1 200'))
})
