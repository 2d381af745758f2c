import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { clientAssertionType, generateSigningKey, type SigningKey, signJwt, signNow } from '@sallyport/credentials'
import { authenticateClient } from './client-authentication.ts'
import { type AuthorityHarness, openHarness } from './testing/authority-harness.ts'
import { tokenRequest } from './testing/token-requests.ts'
import { isTokenError } from './token-error.ts'

const rounds = Number(process.env.SALLYPORT_ROUNDS ?? 5)

interface Changes {
  readonly claims?: Readonly<Record<string, unknown>>
  readonly key?: SigningKey
  readonly typ?: string
  readonly type?: string
}

let serial = 0

/** An assertion of `reporter`, right but for the changes. */
async function assertion(harness: AuthorityHarness, { claims, key, typ = 'JWT' }: Changes = {}): Promise<string> {
  const now = harness.clock.seconds
  serial += 1
  const right = {
    iss: 'reporter',
    sub: 'reporter',
    aud: harness.context.issuer,
    iat: now,
    exp: now + 60,
    jti: `j${serial}`,
  }
  const kept = Object.fromEntries(Object.entries({ ...right, ...claims }).filter(([, value]) => value !== undefined))
  return signJwt({ typ, claims: kept, key: key ?? keyOf(harness) }, signNow)
}

function keyOf(harness: AuthorityHarness): SigningKey {
  const key = harness.clientKeys.reporter
  if (key === undefined) throw new Error('reporter has no key')
  return key
}

async function judge(harness: AuthorityHarness, jwt: string, type = clientAssertionType): Promise<string> {
  const request = tokenRequest(harness, { client_assertion_type: type, client_assertion: jwt })
  const client = await authenticateClient(request, harness.context)
  return isTokenError(client) ? client.reason : client.client_id
}

test('a client proves itself with its key (RFC 7523 §3)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  assert.equal(await judge(harness, await assertion(harness)), 'reporter')
  assert.equal(await judge(harness, await assertion(harness, { typ: 'client-authentication+jwt' })), 'reporter')
})

test('S20 aud is the issuer as a single string: no list, no endpoint, no other issuer (FAPI 2.0 §5.3.2.1)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { issuer } = harness.context
  for (const aud of [[issuer], [issuer, 'x'], `${issuer}/token`, `${issuer}/`, 'https://other.example', undefined])
    assert.equal(await judge(harness, await assertion(harness, { claims: { aud } })), 'wrong_audience', String(aud))
})

test('S21 one assertion of 50 sent at once is accepted, and none without exp or jti (RFC 7523 §3)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  for (let round = 0; round < rounds; round++) {
    const jwt = await assertion(harness)
    const judged = await Promise.all(Array.from({ length: 50 }, () => judge(harness, jwt)))
    assert.equal(judged.filter(each => each === 'reporter').length, 1)
    assert.equal(judged.filter(each => each === 'assertion_replayed').length, 49)
  }
  assert.equal(await judge(harness, await assertion(harness, { claims: { exp: undefined } })), 'malformed')
  assert.equal(await judge(harness, await assertion(harness, { claims: { jti: undefined } })), 'assertion_jti')
  assert.equal(await judge(harness, await assertion(harness, { claims: { jti: '' } })), 'assertion_jti')
  const long = harness.clock.seconds + 7200
  assert.equal(await judge(harness, await assertion(harness, { claims: { exp: long } })), 'malformed')
})

test('S21 the identifiers of one client are not used up by another (RFC 7523 §3)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const key = harness.clientKeys['orders-api']
  const other = { iss: 'orders-api', sub: 'orders-api', jti: 'the same' }
  assert.ok(key)
  assert.equal(await judge(harness, await assertion(harness, { claims: other, key })), 'orders-api')
  assert.equal(await judge(harness, await assertion(harness, { claims: { jti: 'the same' } })), 'reporter')
})

test('S22 5 s in the future is accepted, 61 s refused, for iat and nbf alike (FAPI 2.0 §5.3.2.1)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const now = harness.clock.seconds
  for (const claims of [{ iat: now + 5 }, { nbf: now + 5 }, { iat: now + 10, nbf: now + 10 }, { iat: undefined }])
    assert.equal(await judge(harness, await assertion(harness, { claims })), 'reporter')
  assert.equal(
    await judge(harness, await assertion(harness, { claims: { iat: now + 61, exp: now + 90 } })),
    'clock_skew',
  )
  assert.equal(await judge(harness, await assertion(harness, { claims: { nbf: now + 61 } })), 'not_yet_valid')
  assert.equal(
    await judge(harness, await assertion(harness, { claims: { iat: now - 200, exp: now - 61 } })),
    'token_expired',
  )
})

test('S23 alg none, HS256 with the public key, and another key are refused (RFC 8725 §3.1)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const [header, claims, signature] = (await assertion(harness)).split('.')
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const none = encode({ alg: 'none', typ: 'JWT' })
  assert.notEqual(await judge(harness, `${none}.${claims}.`), 'reporter')
  assert.notEqual(await judge(harness, `${none}.${claims}.${signature}`), 'reporter')
  const hmacHeader = encode({ alg: 'HS256', typ: 'JWT' })
  const publicPem = keyOf(harness).publicJwk
  const hmac = createHmac('sha256', JSON.stringify(publicPem)).update(`${hmacHeader}.${claims}`).digest('base64url')
  assert.notEqual(await judge(harness, `${hmacHeader}.${claims}.${hmac}`), 'reporter')
  assert.notEqual(await judge(harness, `${header}.${claims}.${signature?.replace(/^./, 'A')}`), 'reporter')
  const stranger = generateSigningKey('ES256')
  assert.notEqual(await judge(harness, await assertion(harness, { key: stranger })), 'reporter')
  const posing = { ...stranger, kid: keyOf(harness).kid }
  assert.equal(await judge(harness, await assertion(harness, { key: posing })), 'bad_signature')
})

test('iss and sub are both the client, and the type is RFC 7523’s (RFC 7523 §2.2, §3)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  assert.equal(await judge(harness, await assertion(harness, { claims: { iss: 'gateway' } })), 'wrong_issuer')
  assert.notEqual(await judge(harness, await assertion(harness, { claims: { sub: 'gateway' } })), 'reporter')
  const saml = 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer'
  assert.equal(await judge(harness, await assertion(harness), saml), 'assertion_type')
  assert.equal(await judge(harness, await assertion(harness, { typ: 'at+jwt' })), 'wrong_type')
})
