import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { importJWK, SignJWT } from 'jose'
import type { PresentedToken } from './judge-caller.ts'
import { noRevocations } from './judge-caller.ts'
import { fixedKeys } from './key-source.ts'
import { mintOpaqueToken } from './opaque-token.ts'
import { signJwt, signNow } from './sign.ts'
import { exportPrivateJwk, generateSigningKey, verifyKeyOf } from './signing-key.ts'
import { type ExpectedToken, type VerifyContext, verifyAccessToken } from './verify-access-token.ts'

const key = generateSigningKey('ES256')
const now = 1_800_000_000
const claims = {
  iss: 'https://as.example',
  sub: 'user_1',
  aud: 'https://api.example',
  client_id: 'shop',
  exp: now + 300,
  iat: now,
  jti: 'token-1',
  scope: 'read:orders write:orders',
  family: 'family-1',
}
const expected: ExpectedToken = { issuer: 'https://as.example', resource: 'https://api.example' }
const context: VerifyContext = { nowSeconds: now, keys: fixedKeys([verifyKeyOf(key)]), revocations: noRevocations }

interface Change {
  readonly claims?: object
  readonly typ?: string
  readonly presented?: Partial<PresentedToken>
  readonly expected?: Partial<ExpectedToken>
  readonly context?: Partial<VerifyContext>
}

async function judge(change: Change = {}) {
  const token = await signJwt({ typ: change.typ ?? 'at+jwt', claims: { ...claims, ...change.claims }, key }, signNow)
  const presented: PresentedToken = { scheme: 'Bearer', token, ...change.presented }
  return verifyAccessToken(presented, { ...expected, ...change.expected }, { ...context, ...change.context })
}

async function refusal(change: Change) {
  const judged = await judge(change)
  assert.ok('refused' in judged, 'the token was accepted')
  return judged
}

test('a right token names its caller (RFC 9068 §4)', async () => {
  const caller = await judge({ claims: { roles: ['support'], auth_time: now - 5, acr: 'urn:a', amr: ['pwd'] } })
  assert.ok(!('refused' in caller))
  const { claims: all, scopes, ...rest } = caller
  assert.equal(all.jti, 'token-1')
  assert.deepEqual([...scopes], ['read:orders', 'write:orders'])
  assert.deepEqual(rest, {
    subject: 'user_1',
    subjectType: 'user',
    clientId: 'shop',
    issuer: 'https://as.example',
    audience: ['https://api.example'],
    roles: ['support'],
    tokenId: 'token-1',
    family: 'family-1',
    keyId: key.kid,
    issuedAt: now,
    expiresAt: now + 300,
    authTime: now - 5,
    acr: 'urn:a',
    amr: ['pwd'],
    sender: { kind: 'bearer' },
  })
})

test('application/at+jwt is the same type, in any case (RFC 9068 §4)', async () => {
  for (const typ of ['application/at+jwt', 'AT+JWT', 'Application/At+Jwt'])
    assert.ok(!('refused' in (await judge({ typ }))), typ)
})

test('S51 an ID token signed by the same key is named as such (RFC 9068 §4)', async () => {
  const idToken = { client_id: undefined, scope: undefined, jti: undefined, nonce: 'n', aud: 'shop' }
  const refused = await refusal({ typ: 'JWT', claims: idToken })
  assert.equal(refused.refused, 'id_token_sent')
  assert.match(String(refused.hint), /access_token/)
})

test('S51 a JWT of any other type is refused, none included (RFC 9068 §4)', async () => {
  for (const typ of ['JWT', 'dpop+jwt', 'logout+jwt', 'at+jwt2', 'x/at+jwt', ''])
    assert.equal((await refusal({ typ })).refused, 'wrong_type', typ)
  const untyped = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256' })
    .sign(await importJWK({ ...exportPrivateJwk(key) }, 'ES256'))
  assert.equal((await refusal({ presented: { token: untyped } })).refused, 'wrong_type')
})

test('S52 the audience is this resource, byte for byte, and the hint names the slash (RFC 9068 §4)', async () => {
  const refused = await refusal({ claims: { aud: 'https://api.example/' } })
  assert.equal(refused.refused, 'wrong_audience')
  assert.equal(refused.expected, 'https://api.example')
  assert.equal(refused.got, '"https://api.example/"')
  assert.equal(refused.hint, 'Drop the slash at the end.')
  for (const aud of ['https://API.example', 'account', ['https://other.example'], 'https://api.example.evil'])
    assert.equal((await refusal({ claims: { aud } })).refused, 'wrong_audience')
  assert.ok(!('refused' in (await judge({ claims: { aud: ['https://other.example', 'https://api.example'] } }))))
})

test('S52 the issuer is compared exactly (RFC 9068 §4)', async () => {
  for (const iss of ['https://as.example/', 'http://as.example', 'https://AS.example', undefined])
    assert.equal((await refusal({ claims: { iss } })).refused, 'wrong_issuer')
})

test('S22 5 s in the future is accepted, 61 s refused, for iat and nbf (FAPI 2.0 §5.3.2.1)', async () => {
  assert.ok(!('refused' in (await judge({ claims: { iat: now + 5, nbf: now + 5 } }))))
  const skewed = await refusal({ claims: { iat: now + 61 }, expected: { leewaySeconds: 3600 } })
  assert.equal(skewed.refused, 'clock_skew')
  assert.equal(skewed.got, '+61 s')
  assert.equal((await refusal({ claims: { iat: now + 47 } })).refused, 'clock_skew')
  assert.equal((await refusal({ claims: { nbf: now + 61 } })).refused, 'not_yet_valid')
})

test('an expired token is refused and says for how long (EXPERIENCE §3 row 7)', async () => {
  const refused = await refusal({ claims: { exp: now - 10 } })
  assert.equal(refused.refused, 'token_expired')
  assert.equal(refused.got, '10 s ago')
  assert.ok(!('refused' in (await judge({ claims: { exp: now - 4 } }))))
  assert.equal((await refusal({ claims: { exp: now - 1 }, expected: { leewaySeconds: 0 } })).refused, 'token_expired')
})

test('an opaque token where a JWT is expected is named as such (S75, EXPERIENCE §3 row 1)', async () => {
  const { token } = mintOpaqueToken('at', { nowMs: now * 1000, random: length => new Uint8Array(length) })
  const refused = await refusal({ presented: { token } })
  assert.equal(refused.refused, 'token_opaque')
  assert.match(String(refused.hint), /resource=https:\/\/api\.example/)
})

test('keys: unknown, not to be had (never the caller’s fault), wrong signature, algorithm not allowed (S23, S75)', async () => {
  assert.equal((await refusal({ context: { keys: fixedKeys([]) } })).refused, 'unknown_key')
  assert.equal(
    (await refusal({ context: { keys: { find: () => Promise.resolve('unavailable' as const) } } })).refused,
    'keys_unavailable',
  )
  const other = { ...verifyKeyOf(generateSigningKey('ES256')), kid: key.kid }
  assert.equal((await refusal({ context: { keys: fixedKeys([other]) } })).refused, 'bad_signature')
  assert.equal((await refusal({ expected: { algorithms: ['EdDSA'] } })).refused, 'wrong_algorithm')
})

test('a key’s name is only a name: paths, SQL and addresses find nothing', async () => {
  for (const kid of [
    '../../dev/null',
    "' OR 1=1 --",
    'https://evil.example/jwks',
    '\0',
    '',
    '__proto__',
    'constructor',
  ])
    assert.equal((await refusal({ presented: { token: await tokenOf({ ...key, kid }) } })).refused, 'unknown_key', kid)
})

const tokenOf = (signer: typeof key) => signJwt({ typ: 'at+jwt', claims, key: signer }, signNow)

test('S53 a machine is a client whoever it is named after, and a user is a user (RFC 9068 §5)', async () => {
  const type = async (change: object) => Reflect.get(await judge({ claims: change }), 'subjectType')
  assert.equal(await type({ sub: 'client_alice', client_id: 'alice' }), 'client')
  assert.equal(await type({ sub: 'client_user_1', client_id: 'user_1' }), 'client')
  assert.equal(await type({ sub: 'alice', client_id: 'alice' }), 'client')
  assert.equal(await type({ sub: 'user_1', client_id: 'shop' }), 'user')
})

test('a token without scope has none; several spaces separate as one (RFC 6749 §3.3)', async () => {
  assert.deepEqual(Reflect.get(await judge({ claims: { scope: undefined } }), 'scopes'), new Set())
  assert.deepEqual(Reflect.get(await judge({ claims: { scope: ' a  b ' } }), 'scopes'), new Set(['a', 'b']))
})

test('a refusal never shows the token', async () => {
  for (const change of [{ aud: 'x' }, { iss: 'x' }, { exp: 1 }, { jti: undefined }, { cnf: { jkt: 'x' } }]) {
    const token = await signJwt({ typ: 'at+jwt', claims: { ...claims, ...change }, key }, signNow)
    const shown = JSON.stringify(await refusal({ presented: { token } }))
    for (const part of token.split('.')) assert.ok(!shown.includes(part))
  }
})

test('whatever is changed in the claims, the verifier answers and never throws', async () => {
  const names = fc.constantFrom(...Object.keys(claims), 'cnf', 'nbf', 'roles', 'amr', 'acr', 'auth_time', 'refused')
  await fc.assert(
    fc.asyncProperty(names, fc.jsonValue(), async (name, value) => void (await judge({ claims: { [name]: value } }))),
  )
})

test('whatever is sent as a token, nothing but the issuer’s own is accepted and nothing throws', async () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.oneof(fc.base64String(), fc.string()), { maxLength: 4 }).map(parts => parts.join('.')),
  )
  await fc.assert(
    fc.asyncProperty(texts, async token => assert.ok('refused' in (await judge({ presented: { token } })))),
    { numRuns: 500 },
  )
})
