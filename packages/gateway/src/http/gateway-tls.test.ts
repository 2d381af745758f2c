import 'reflect-metadata'
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { X509Certificate, X509CertificateGenerator } from '@peculiar/x509'
import { generateSigningKey } from '@sallyport/credentials'
import { bearer, dpop, type Reply } from '@sallyport/guard/testing/exchange'
import { type TestIssuer, testIssuer } from '@sallyport/guard/testing/issuer'
import { createGateway } from './gateway.ts'

interface Identity {
  readonly cert: string
  readonly key: string
}

const outside = 'http://gateway.test/orders'
let issuer: TestIssuer
let port = 0
let decisionPort = 0
let client: Identity
let stranger: Identity
let end: () => Promise<void>
const seen: (string | undefined)[] = []

before(async () => {
  issuer = await testIssuer()
  const [server, ...clients] = (await Promise.all(['gateway', 'client', 'stranger'].map(identity))) as [
    Identity,
    Identity,
    Identity,
  ]
  ;[client, stranger] = clients
  const service = createServer((incoming, response) => {
    seen.push(incoming.headers['client-cert'] as string | undefined)
    response.writeHead(200).end('{}')
  })
  await new Promise<void>(resolve => service.listen(0, '127.0.0.1', resolve))
  const upstream = `http://127.0.0.1:${(service.address() as AddressInfo).port}`
  const tls = { ...server, requestCert: true, rejectUnauthorized: false, ca: [client.cert, stranger.cert] }
  const gateway = createGateway({
    origin: 'http://gateway.test',
    hosts: ['127.0.0.1'],
    addresses: ['127.0.0.1'],
    port: 0,
    secure: { origin: 'https://gateway.test:4143', port: 0, tls },
    decisions: {
      proxy: 'nginx',
      from: { by: 'certificate', tls: { ...server, ca: client.cert } },
      origin: 'https://api.test',
      port: 0,
    },
    issuer: issuer.issuer,
    client: { clientId: 'gateway', key: issuer.clientKey },
    routes: [{ prefix: '/orders', upstream, resource: outside, audience: 'http://orders.test' }],
  })
  const listening = await gateway.listen()
  port = listening.securePort ?? 0
  decisionPort = listening.decisionPort ?? 0
  end = async () => {
    await gateway.close()
    service.closeAllConnections()
    await new Promise(resolve => service.close(resolve))
    await issuer.close()
  }
})
after(() => end())

test('S40 over TLS proofs name the TLS listener’s own origin, and metadata is there (RFC 9449 §4.3)', async () => {
  const key = generateSigningKey('ES256')
  const token = issuer.opaque({ aud: outside, cnf: { jkt: key.publicJwk.kid ?? '' } })
  const right = dpop(key, token, 'GET', 'https://gateway.test:4143/orders')
  assert.equal((await ask(right)).status, 200)
  assert.equal((await ask(dpop(key, token, 'GET', 'http://gateway.test/orders'))).status, 401)
  const { headers } = await ask([])
  assert.match(headers['www-authenticate'] ?? '', /resource_metadata="https:\/\/gateway\.test:4143\//)
})

test('S48 a certificate-bound token passes with its certificate alone (RFC 8705 §3)', async () => {
  const der = Buffer.from(new X509Certificate(client.cert).rawData)
  const thumbprint = createHash('sha256').update(der).digest('base64url')
  const headers = bearer(issuer.opaque({ aud: outside, cnf: { 'x5t#S256': thumbprint } }))
  assert.equal((await ask(headers, client)).status, 200)
  for (const refused of [await ask(headers), await ask(headers, stranger)]) {
    assert.deepEqual([refused.status, JSON.parse(refused.body).code], [401, 'unbound'])
    assert.match(refused.headers['www-authenticate'] ?? '', /error="invalid_token"/)
  }
})

test('S49 a certificate told by a header is none, and goes nowhere (RFC 9700 §4.13)', async () => {
  const der = Buffer.from(new X509Certificate(client.cert).rawData)
  const thumbprint = createHash('sha256').update(der).digest('base64url')
  const told = [['client-cert', `:${der.toString('base64')}:`]] as const
  const bound = bearer(issuer.opaque({ aud: outside, cnf: { 'x5t#S256': thumbprint } }))
  assert.equal((await ask([...bound, ...told])).status, 401)
  assert.equal((await ask([...bearer(issuer.opaque({ aud: outside })), ...told])).status, 200)
  assert.ok(seen.every(value => value === undefined))
})

test('a proxy known by its certificate asks with it alone, and lends it to no caller (RFC 8705 §3)', async () => {
  const der = Buffer.from(new X509Certificate(client.cert).rawData)
  const thumbprint = createHash('sha256').update(der).digest('base64url')
  const question = [
    ['x-original-method', 'GET'],
    ['x-original-uri', '/orders'],
    ['x-original-address', '192.0.2.7'],
  ] as const
  const at = { port: decisionPort, path: '/decide', name: 'api.test' }
  const plain = [...question, ...bearer(issuer.opaque({ aud: outside }))]
  assert.equal((await ask(plain, client, at)).status, 200)
  await assert.rejects(ask(plain, stranger, at))
  await assert.rejects(ask(plain, undefined, at))
  const bound = [...question, ...bearer(issuer.opaque({ aud: outside, cnf: { 'x5t#S256': thumbprint } }))]
  assert.equal((await ask(bound, client, at)).status, 403)
})

function ask(
  headers: readonly (readonly [string, string])[],
  identity?: Identity,
  at = { port, path: '/orders', name: 'gateway.test' },
): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>()
  const options = {
    host: '127.0.0.1',
    port: at.port,
    path: at.path,
    rejectUnauthorized: false,
    agent: false,
    ...identity,
  }
  const outgoing = request({ ...options, headers: ['host', at.name, ...headers.flat()] }, response => {
    let body = ''
    response.on('data', chunk => {
      body += String(chunk)
    })
    response.on('end', () => {
      const all = Object.entries(response.headers).map(([name, value]) => [name, value?.toString()])
      resolve({ status: response.statusCode ?? 0, headers: Object.fromEntries(all), body })
    })
  })
  outgoing.on('error', reject)
  outgoing.end()
  return promise
}

/** A key and a certificate that vouches for itself. */
async function identity(name: string): Promise<Identity> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const made = await X509CertificateGenerator.createSelfSigned(
    { name: `CN=${name}`, keys, signingAlgorithm: algorithm },
    crypto,
  )
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  return { cert: made.toString('pem'), key: `-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n` }
}
