/** Access tokens that the authority did not issue, at every place that takes one. */
import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { generateSigningKey, type SigningKey } from '@sallyport/credentials'
import { administratorOf } from '../administrator.ts'
import { getTokens, nowSeconds } from '../code-flow.ts'
import { exchange } from '../exchange.ts'
import { systemOfFile } from '../system.ts'
import { administratorToken, type Door, doorsOf } from './doors.ts'
import { derOf, macBy, type ReadJwt, readJwt, signedBy, unsigned } from './forged-jwt.ts'
import { stolenKey } from './stolen-key.ts'

const system = await systemOfFile()
const doors = await doorsOf(system)
const key = await stolenKey(system.home)
const attacker = generateSigningKey('ES256')
const asked: string[] = []
const listener = createServer((request, response) => {
  asked.push(request.url ?? '')
  response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [attacker.publicJwk] }))
})
await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
const elsewhere = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`
after(() => listener.close())

type Forge = (honest: ReadJwt) => string

/** Tries each forgery at each door, with the claims that this door takes; then the honest token again. */
async function refusedEverywhere(forgeries: Readonly<Record<string, Forge>>, at: readonly Door[] = doors) {
  for (const door of at) {
    for (const [what, forge] of Object.entries(forgeries))
      door.assertRefused(await door.ask(forge(readJwt(door.honest))), what)
    door.assertOpen(await door.ask(door.honest), 'the honest token afterwards')
  }
}

test('the control: the same claims under the authority’s key are let in everywhere', async () => {
  for (const door of doors) {
    const { header, claims } = readJwt(door.honest)
    door.assertOpen(await door.ask(signedBy(key, header, claims)), 'the claims signed again')
  }
})

test('`none` in every spelling is refused everywhere (RFC 8725 §3.2)', () =>
  refusedEverywhere(
    Object.fromEntries(
      ['none', 'None', 'NONE', 'nOnE', 'none ', '', null, undefined, ['none'], { none: true }, 0].flatMap(alg => [
        [`alg ${JSON.stringify(alg)}`, ({ header, claims }) => unsigned({ ...header, alg }, claims)],
        [`alg ${JSON.stringify(alg)}, signed`, h => unsigned({ ...h.header, alg }, h.claims, h.signature)],
      ]),
    ),
  ))

test('a MAC over the public key, in any form of it, is refused everywhere (RFC 8725 §2.1, §3.1)', () => {
  const { x = '', y = '' } = key.publicJwk as { readonly x?: string; readonly y?: string }
  const exported = createPublicKey({ key: { ...key.publicJwk }, format: 'jwk' })
  const secrets: Readonly<Record<string, string | Uint8Array>> = {
    PEM: exported.export({ format: 'pem', type: 'spki' }),
    'PEM without its last line end': exported.export({ format: 'pem', type: 'spki' }).toString().trimEnd(),
    DER: exported.export({ format: 'der', type: 'spki' }),
    JWK: JSON.stringify(key.publicJwk),
    'sorted JWK': JSON.stringify({ crv: 'P-256', kty: 'EC', x, y }),
    point: Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]),
    'key id': key.kid,
    nothing: '',
  }
  return refusedEverywhere(
    Object.fromEntries(
      Object.entries(secrets).map(([form, secret]) => [
        `HS256 with the ${form}`,
        ({ header, claims }) => macBy(secret, { ...header, alg: 'HS256' }, claims),
      ]),
    ),
  )
})

test('a MAC of another length or under the name ES256 is refused (RFC 8725 §3.1)', () =>
  refusedEverywhere({
    HS384: ({ header, claims }) => macBy(JSON.stringify(key.publicJwk), { ...header, alg: 'HS384' }, claims),
    HS512: ({ header, claims }) => macBy(JSON.stringify(key.publicJwk), { ...header, alg: 'HS512' }, claims),
    'HS256 called ES256': ({ header, claims }) => {
      const mac = macBy(JSON.stringify(key.publicJwk), { ...header, alg: 'HS256' }, claims)
      return unsigned(header, claims, mac.split('.')[2])
    },
  }))

test('an ES256 signature is r and s of 32 bytes, and nothing else is (RFC 7518 §3.4)', () => {
  const bytesOf = ({ signature }: ReadJwt) => Buffer.from(signature, 'base64url')
  const resigned = (change: (signature: Buffer) => Buffer): Forge => {
    return honest => unsigned(honest.header, honest.claims, change(bytesOf(honest)).toString('base64url'))
  }
  return refusedEverywhere({
    DER: resigned(derOf),
    'zeros (CVE-2022-21449)': resigned(() => Buffer.alloc(64)),
    'zeros in DER': resigned(() => derOf(Buffer.alloc(64))),
    'padded halves': resigned(bytes =>
      Buffer.concat([Buffer.alloc(1), bytes.subarray(0, 32), Buffer.alloc(1), bytes.subarray(32)]),
    ),
    'a byte too many': resigned(bytes => Buffer.concat([bytes, Buffer.alloc(1)])),
    'a byte too few': resigned(bytes => bytes.subarray(0, 63)),
    'halves in exchange': resigned(bytes => Buffer.concat([bytes.subarray(32), bytes.subarray(0, 32)])),
    'no signature': ({ header, claims }) => unsigned(header, claims),
    'base64 with padding': ({ header, claims, signature }) => unsigned(header, claims, `${signature}==`),
  })
})

test('a key of the caller’s own is not used, however it is offered, and nobody fetches it (RFC 8725 §3.10)', async () => {
  const { kid: _kid, ...jwk } = attacker.publicJwk
  const certificate = [Buffer.from('not a certificate of anybody').toString('base64')]
  const offered = (more: object): Forge => {
    return ({ header, claims }) => signedBy(attacker, { ...header, ...more }, claims)
  }
  await refusedEverywhere({
    'under the honest key id': offered({}),
    jwk: offered({ jwk, kid: attacker.kid }),
    'jwk without kid': offered({ jwk, kid: undefined }),
    jku: offered({ jku: `${elsewhere}/jku`, kid: attacker.kid }),
    'jku like ours': offered({ jku: `${elsewhere}/jwks#${system.issuer}/jwks`, kid: attacker.kid }),
    x5u: offered({ x5u: `${elsewhere}/x5u`, kid: attacker.kid }),
    x5c: offered({ x5c: certificate, kid: attacker.kid }),
    'x5t#S256': offered({ 'x5t#S256': attacker.kid, kid: undefined }),
    'all of them': offered({
      jwk,
      jku: `${elsewhere}/all`,
      x5u: `${elsewhere}/all`,
      x5c: certificate,
      kid: attacker.kid,
    }),
    'issuer elsewhere': ({ header, claims }) =>
      signedBy(attacker, { ...header, kid: attacker.kid, jku: `${elsewhere}/jwks` }, { ...claims, iss: elsewhere }),
  })
  assert.deepEqual(asked, [])
})

test('a key id is a name to compare and nothing to open or ask (RFC 8725 §3.10)', () => {
  const ids = [
    '../../../../../../dev/null',
    '/dev/null',
    'file:///dev/null',
    `${elsewhere}/key`,
    "' UNION SELECT 'x' -- ",
    `${key.kid}' OR '1'='1`,
    `${key.kid}\u0000`,
    '$(touch /tmp/x)',
    '__proto__',
    'constructor',
    'x'.repeat(4000),
    '',
    1,
    null,
    [key.kid],
    { kid: key.kid },
  ]
  return refusedEverywhere(
    Object.fromEntries(
      ids.flatMap((kid, at) => [
        [`kid ${at} with our own signature`, ({ header, claims }) => signedBy(attacker, { ...header, kid }, claims)],
        [`kid ${at} with a MAC of nothing`, h => macBy('', { ...h.header, alg: 'HS256', kid }, h.claims)],
      ]),
    ),
    // The gateway's door is the orders API's, and pays for each guess from the address's quota.
    doors.filter(({ name }) => name !== 'gateway'),
  )
})

test('extensions that a header calls critical are refused, also under the authority’s key (RFC 7515 §4.1.11)', () => {
  const critical =
    (more: object): Forge =>
    ({ header, claims }) =>
      signedBy(key, { ...header, ...more }, claims)
  return refusedEverywhere({
    'crit exp': critical({ crit: ['exp'] }),
    'crit unknown': critical({ crit: ['urn:x'], 'urn:x': 1 }),
    'crit empty': critical({ crit: [] }),
    'crit b64 (RFC 7797)': critical({ crit: ['b64'], b64: false }),
  })
})

/** Each claim wrong alone, under the authority's own key: nothing but that claim can be the reason. */
const wrong = (claims: (honest: ReadJwt['claims']) => object): Forge => {
  return honest => signedBy(key, honest.header, { ...honest.claims, ...claims(honest.claims) })
}

test('a token of another issuer is refused everywhere, also with our key (RFC 9068 §4)', () =>
  refusedEverywhere({
    'another issuer': wrong(() => ({ iss: elsewhere })),
    'a slash at the end': wrong(({ iss }) => ({ iss: `${iss}/` })),
    'another spelling': wrong(({ iss }) => ({ iss: String(iss).toUpperCase() })),
    'a list': wrong(({ iss }) => ({ iss: [iss] })),
    none: wrong(() => ({ iss: undefined })),
  }))

test('a token for another audience is refused, also with our key (RFC 9068 §4, RFC 8707 §2)', () =>
  refusedEverywhere(
    {
      'another audience': wrong(() => ({ aud: 'http://localhost:9/other' })),
      'a slash at the end': wrong(({ aud }) => ({ aud: `${aud}/` })),
      'a prefix': wrong(({ aud }) => ({ aud: String(aud).slice(0, -1) })),
      'a list of others': wrong(() => ({ aud: ['http://localhost:9/other', 'urn:x'] })),
      none: wrong(() => ({ aud: undefined })),
    },
    // Userinfo takes any access token of this issuer that has the scope openid (OpenID Connect Core §5.3).
    doors.filter(({ name }) => name !== 'userinfo'),
  ))

test('an expired token and one that is not valid yet are refused everywhere (RFC 9068 §4, RFC 7519 §4.1.4 and §4.1.5)', () =>
  refusedEverywhere({
    expired: wrong(() => ({ iat: nowSeconds() - 600, exp: nowSeconds() - 60 })),
    'expired long ago': wrong(() => ({ iat: 1, exp: 2 })),
    'exp as text': wrong(({ exp }) => ({ exp: String(exp) })),
    'exp missing': wrong(() => ({ exp: undefined })),
    'exp infinite': wrong(() => ({ exp: null })),
    'not yet valid': wrong(() => ({ nbf: nowSeconds() + 120 })),
    'issued in the future': wrong(() => ({ iat: nowSeconds() + 120 })),
  }))

test('another type of JWT is refused everywhere (RFC 9068 §4, RFC 8725 §3.11)', () => {
  const typed =
    (typ: unknown): Forge =>
    ({ header, claims }) =>
      signedBy(key, { ...header, typ }, claims)
  return refusedEverywhere({
    'typ JWT': typed('JWT'),
    'no typ': typed(undefined),
    'typ dpop+jwt': typed('dpop+jwt'),
    'typ of the feed': typed('revocation-feed+jwt'),
    'typ of an introspection': typed('token-introspection+jwt'),
  })
})

test('an ID token, a refresh token, a code and a secret are no access tokens (RFC 9068 §5, OpenID Connect Core §2)', async () => {
  const scope = 'openid read:orders offline_access'
  const alice = { client: 'spa', username: 'alice', scope, resource: system.resources.inside }
  const { id, refresh } = await getTokens(system, alice)
  const { client_secret: secret = '' } = system.client('web-app')
  assert.ok(id !== '' && refresh !== '' && secret !== '')
  await refusedEverywhere({
    'the ID token': () => id,
    'the refresh token': () => refresh,
    'a client secret': () => secret,
    'an opaque token that nobody made': () => `sp_at_${'0'.repeat(60)}`,
  })
})

test('a token for one API opens no other: orders at the management API, management at the orders API', async () => {
  const manage = await administratorToken(system)
  for (const door of doors) {
    if (door.name === 'management API') {
      const alice = doors[0]?.honest ?? assert.fail()
      door.assertRefused(await door.ask(alice), 'alice’s token')
    } else if (door.name === 'userinfo') {
      assert.equal((await door.ask(manage)).status, 403)
    } else door.assertRefused(await door.ask(manage), 'the administrator’s token')
  }
})

test('an RS256 token is no PS256 token, and its key signs nothing else (RFC 8725 §3.1)', async () => {
  const resource = 'http://localhost:9/rsa'
  const administrator = await administratorOf(system)
  const scopes = [{ scope: 'use:rsa', description: 'Use it' }]
  await administrator.addResource({ resource, name: 'RSA', token_format: 'jwt', signing_alg: 'RS256', scopes })
  const client = await administrator.addClient({
    client_name: 'RSA',
    grant_types: ['client_credentials'],
    token_endpoint_auth_method: 'client_secret_post',
    resources: [resource],
    scopes: ['use:rsa'],
  })
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: client.client_id,
    client_secret: client.client_secret ?? '',
    resource,
    scope: 'use:rsa',
  })
  const answer = await exchange(`${system.issuer}/token`, { method: 'POST', body })
  assert.equal(answer.status, 200, answer.text)
  const rs256 = readJwt(String(answer.json.access_token))
  assert.equal(rs256.header.alg, 'RS256')
  const rsa = await stolenKey(system.home, 'RS256')
  const userinfo = doors.find(({ name }) => name === 'userinfo') ?? assert.fail()
  const claims = { ...readJwt(userinfo.honest).claims }
  const ask = (signer: SigningKey, alg: unknown) => userinfo.ask(signedBy(signer, { ...rs256.header, alg }, claims))
  userinfo.assertOpen(await ask(rsa, 'RS256'), 'the control')
  userinfo.assertRefused(await ask(rsa, 'PS256'), 'an RS256 signature called PS256')
  userinfo.assertRefused(await ask({ ...rsa, algorithm: 'PS256' }, 'PS256'), 'the RS256 key signing PS256')
  userinfo.assertRefused(await ask({ ...rsa, algorithm: 'PS256' }, 'RS256'), 'a PS256 signature called RS256')
  userinfo.assertRefused(await ask(rsa, 'ES256'), 'an RS256 signature called ES256')
  userinfo.assertRefused(await ask(key, 'ES256'), 'the ES256 key under the id of the RSA key')
  const pem = createPublicKey({ key: { ...rsa.publicJwk }, format: 'jwk' }).export({ format: 'pem', type: 'spki' })
  userinfo.assertRefused(
    await userinfo.ask(macBy(pem, { ...rs256.header, alg: 'HS256' }, claims)),
    'HS256 with the PEM',
  )
})
