import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { CompactSign, compactVerify, importJWK } from 'jose'
import { signingAlgorithms } from './algorithms.ts'
import { encodeBase64url } from './base64url.ts'
import { parseCompactJws, verifyJws } from './jws.ts'
import { signJwtNow } from './sign.ts'
import { exportPrivateJwk, generateSigningKey, verifyKeyOf } from './signing-key.ts'

const key = generateSigningKey('ES256')
const token = signJwtNow({ typ: 'JWT', claims: { a: 1 }, key })
const [header = '', payload = '', signature = ''] = token.split('.')

const reason = (text: string) => Reflect.get(parseCompactJws(text), 'refused')
const withHeader = (members: object) => `${encodeBase64url(JSON.stringify(members))}.${payload}.${signature}`

function accepts(text: string, signer = key): boolean {
  const parsed = parseCompactJws(text)
  return !('refused' in parsed) && verifyJws(parsed, verifyKeyOf(signer), signingAlgorithms)
}

for (const algorithm of signingAlgorithms) {
  test(`${algorithm}: jose accepts what we sign, and we accept what jose signs`, async () => {
    const signer = generateSigningKey(algorithm)
    const ours = signJwtNow({ typ: 'JWT', claims: { hello: 'wörld' }, key: signer })
    const { payload: read } = await compactVerify(ours, await importJWK({ ...signer.publicJwk }, algorithm))
    assert.equal(new TextDecoder().decode(read), '{"hello":"wörld"}')
    const theirs = await new CompactSign(new TextEncoder().encode('any bytes'))
      .setProtectedHeader({ alg: algorithm, kid: signer.kid })
      .sign(await importJWK({ ...exportPrivateJwk(signer) }, algorithm))
    assert.equal(accepts(theirs, signer), true)
  })
}

test('none and HMAC are refused before any key is looked for (RFC 8725 §3.1, S23)', () => {
  for (const alg of ['none', 'None', 'HS256', 'HS384', 'ES384', 'RS1', '', 7, null, undefined])
    assert.equal(reason(withHeader({ alg })), 'wrong_algorithm', String(alg))
  assert.equal(reason(`${encodeBase64url('{"alg":"none"}')}.${payload}.`), 'malformed')
})

test('an HMAC by the public key’s text is no signature (RFC 8725 §2.1)', () => {
  const pem = verifyKeyOf(key).key.export({ type: 'spki', format: 'pem' })
  const confused = encodeBase64url('{"alg":"HS256"}')
  const mac = createHmac('sha256', pem).update(`${confused}.${payload}`).digest('base64url')
  assert.equal(reason(`${confused}.${payload}.${mac}`), 'wrong_algorithm')
  const asEs256 = createHmac('sha256', pem).update(`${header}.${payload}`).digest('base64url')
  assert.equal(accepts(`${header}.${payload}.${asEs256}`), false)
})

test('a key of another type or curve, and an alg not allowed here, verify nothing (S23)', () => {
  const parsed = parseCompactJws(token)
  assert.ok(!('refused' in parsed))
  assert.equal(verifyJws(parsed, verifyKeyOf(generateSigningKey('EdDSA')), signingAlgorithms), false)
  assert.equal(verifyJws(parsed, verifyKeyOf(generateSigningKey('RS256')), signingAlgorithms), false)
  assert.equal(verifyJws(parsed, verifyKeyOf(key), ['PS256', 'EdDSA']), false)
  const rs256 = generateSigningKey('RS256')
  const asPs256 = parseCompactJws(signJwtNow({ typ: 'JWT', claims: {}, key: { ...rs256, algorithm: 'PS256' } }))
  assert.ok(!('refused' in asPs256))
  assert.equal(verifyJws(asPs256, verifyKeyOf(rs256), signingAlgorithms), false)
})

test('keys that the header offers are never used: jwk, jku, x5u, x5c (RFC 8725 §3.10)', () => {
  const attacker = generateSigningKey('ES256')
  const offers = {
    jwk: attacker.publicJwk,
    jku: 'https://evil.example/jwks',
    x5u: 'https://evil.example/x',
    x5c: ['AAAA'],
  }
  for (const [name, value] of Object.entries(offers)) {
    const forged = signJwtNow({ typ: 'JWT', claims: {}, key: { ...attacker, kid: key.kid }, header: { [name]: value } })
    assert.equal(accepts(forged), false, name)
  }
})

test('crit and b64 are refused, because no extension is understood (RFC 7515 §4.1.11, RFC 7797 §6)', () => {
  for (const extra of [{ crit: ['b64'], b64: false }, { crit: [] }, { crit: ['exp'] }, { b64: true }])
    assert.equal(reason(withHeader({ alg: 'ES256', ...extra })), 'malformed')
})

test('typ and kid are strings (RFC 7515 §4.1)', () => {
  for (const extra of [{ typ: 7 }, { kid: null }, { kid: ['a'] }])
    assert.equal(reason(withHeader({ alg: 'ES256', ...extra })), 'malformed')
})

test('a header with a repeated name is refused (RFC 7515 §4)', () => {
  const twice = encodeBase64url('{"alg":"ES256","alg":"none"}')
  assert.equal(reason(`${twice}.${payload}.${signature}`), 'malformed')
})

test('parts, encoding and size are exact (RFC 7515 §7.1)', () => {
  for (const text of [
    '',
    '.',
    '..',
    header,
    `${header}.${payload}`,
    `${token}.`,
    `${token}.e30`,
    `.${payload}.${signature}`,
    `${header}.${payload}.`,
    `${header}=.${payload}.${signature}`,
    ` ${token}`,
    `${token}\n`,
    `${header}.${payload}.${signature}=`,
    `${header}.${payload.slice(0, -1)}+.${signature}`,
    `${token}, ${token}`,
    'a'.repeat(8193),
  ])
    assert.equal(reason(text), 'malformed', text.slice(0, 60))
  assert.equal(reason(`${header}.${'A'.repeat(8192)}.${signature}`), 'malformed')
  assert.equal('refused' in parseCompactJws(token, { maxBytes: token.length }), false)
  assert.equal('refused' in parseCompactJws(token, { maxBytes: token.length - 1 }), true)
})

test('one changed character anywhere voids the token', () => {
  fc.assert(
    fc.property(fc.nat(token.length - 1), fc.constantFrom(...'AZaz09-_.=+ '), (at, character) => {
      fc.pre(token[at] !== character)
      assert.equal(accepts(token.slice(0, at) + character + token.slice(at + 1)), false)
    }),
    { numRuns: 300 },
  )
})

test('no text makes the parser or the verifier throw', () => {
  const part = fc.oneof(fc.base64String(), fc.string(), fc.constant(header), fc.json().map(encodeBase64url))
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(part, { maxLength: 5 }).map(parts => parts.join('.')),
  )
  fc.assert(
    fc.property(texts, text => assert.equal(accepts(text), false)),
    { numRuns: 1000 },
  )
})
