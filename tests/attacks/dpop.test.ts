/** Sender-constrained tokens in the wrong hands (RFC 9449), at both doors of a started system. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accessTokenHash, generateSigningKey, type SigningKey } from '@sallyport/credentials'
import { getCode, getTokens, nowSeconds, proofOf, randomText, redemption, tokenRequest } from '../code-flow.ts'
import { exchange, type Reply } from '../exchange.ts'
import { systemOfFile } from '../system.ts'
import { signedBy, unsigned } from './forged-jwt.ts'
import { assertTokenError } from './token-error.ts'

const system = await systemOfFile()
const { issuer, gateway, ordersApi, resources } = system
const key = generateSigningKey('ES256')
const other = generateSigningKey('ES256')

const alice = { client: 'spa', username: 'alice', scope: 'openid read:orders offline_access' }

interface BoundDoor {
  readonly name: string
  readonly url: string
  readonly token: string
}

const doors: readonly BoundDoor[] = [
  {
    name: 'gateway, opaque',
    url: `${gateway}/orders`,
    token: (await getTokens(system, { ...alice, resource: resources.outside }, key)).access,
  },
  {
    name: 'orders API, JWT',
    url: `${ordersApi}/orders`,
    token: (await getTokens(system, { ...alice, resource: resources.inside }, key)).access,
  },
]

type Proof = string | readonly string[] | undefined

const ask = ({ url, token }: BoundDoor, dpop: Proof, scheme = 'DPoP', target = url, method = 'GET'): Promise<Reply> =>
  exchange(target, { method, headers: { authorization: `${scheme} ${token}`, dpop } })

const right = ({ url, token }: BoundDoor, more: object = {}): string =>
  proofOf(key, { htm: 'GET', htu: url, ath: accessTokenHash(token), ...more })

function assertRefused(reply: Reply, door: BoundDoor, what: string): void {
  const challenge = String(reply.headers['www-authenticate'])
  assert.equal(reply.status, 401, `${door.name} took ${what}: ${reply.status} ${reply.text}`)
  assert.match(challenge, /^DPoP |, DPoP /, what)
  assert.match(challenge, /error="(invalid_token|invalid_dpop_proof)"/, what)
  assert.doesNotMatch(reply.text, /alice-1/)
}

const honest = async (door: BoundDoor) => {
  const reply = await ask(door, right(door))
  assert.equal(reply.status, 200, `${door.name}: ${reply.text}`)
}

test('a bound token is no bearer token, with a proof beside it or without (RFC 9449 §7.2)', async () => {
  for (const door of doors) {
    assertRefused(await ask(door, undefined, 'Bearer'), door, 'Bearer')
    assertRefused(await ask(door, right(door), 'Bearer'), door, 'Bearer with a proof')
    assertRefused(await ask(door, undefined), door, 'DPoP without a proof')
    const twice = await exchange(door.url, {
      headers: { authorization: [`DPoP ${door.token}`, `Bearer ${door.token}`], dpop: right(door) },
    })
    assert.ok(twice.status === 400 || twice.status === 401, `${door.name}: ${twice.status}`)
    await honest(door)
  }
})

test('a proof works once, one after the other and 50 at a time (RFC 9449 §11.1)', async () => {
  for (const door of doors) {
    const proof = right(door)
    assert.equal((await ask(door, proof)).status, 200)
    const again = await ask(door, proof)
    assertRefused(again, door, 'a proof used before')
    assert.equal(again.json.code, 'proof_replayed')
    const parallel = right(door)
    const replies = await Promise.all(Array.from({ length: 50 }, () => ask(door, parallel)))
    assert.equal(replies.filter(({ status }) => status === 200).length, 1, door.name)
    for (const reply of replies) if (reply.status !== 200) assertRefused(reply, door, 'a proof in parallel')
    await honest(door)
  }
})

test('a proof is for one method, one address, one token and one key (RFC 9449 §4.3)', async () => {
  const { kid: _kid, ...jwk } = key.publicJwk
  for (const door of doors) {
    const ath = accessTokenHash(door.token)
    const claims = { htm: 'GET', htu: door.url, iat: nowSeconds(), ath }
    const header = { typ: 'dpop+jwt', alg: 'ES256', jwk }
    const said = (more: object) => ({ ...claims, jti: randomText(), ...more })
    const proofs: Readonly<Record<string, Proof>> = {
      'another method': right(door, { htm: 'POST' }),
      'the method in lower case': right(door, { htm: 'get' }),
      'another path': right(door, { htu: `${door.url}/alice-1` }),
      'another host': right(door, { htu: door.url.replace('localhost', '127.0.0.1') }),
      'another port': right(door, { htu: 'http://localhost:1/orders' }),
      'another scheme': right(door, { htu: door.url.replace('http:', 'https:') }),
      'another token': right(door, { ath: accessTokenHash(`${door.token}x`) }),
      'no token': right(door, { ath: undefined }),
      'the token itself as its hash': right(door, { ath: door.token }),
      'too old': right(door, { iat: nowSeconds() - 600 }),
      'of the future': right(door, { iat: nowSeconds() + 600 }),
      'no jti': right(door, { jti: undefined }),
      'an empty jti': right(door, { jti: '' }),
      'another key': proofOf(other, { htm: 'GET', htu: door.url, ath }),
      'our key in the header, another’s signature': signedBy(other, header, said({})),
      'no signature': unsigned({ ...header, alg: 'none' }, said({})),
      'another type': signedBy(key, { ...header, typ: 'JWT' }, said({})),
      'a private key in it': signedBy(key, { ...header, jwk: { ...jwk, d: 'AAAA' } }, said({})),
      'no key in it': signedBy(key, { ...header, jwk: undefined, kid: key.kid }, said({})),
      'a critical extension': signedBy(key, { ...header, crit: ['jwk'] }, said({})),
      'two in one header': `${right(door)}, ${right(door)}`,
      'two headers': [right(door), right(door)],
      'the access token itself': door.token,
    }
    for (const [what, proof] of Object.entries(proofs)) assertRefused(await ask(door, proof), door, what)
    await honest(door)
  }
})

test('a proof for another address of the same API is of no use here, and costs the honest one nothing (RFC 9449 §4.3)', async () => {
  for (const door of doors) {
    const proof = right(door, { htu: `${door.url}/alice-1` })
    assertRefused(await ask(door, proof), door, 'a proof for alice-1')
    assert.equal((await ask(door, proof, 'DPoP', `${door.url}/alice-1`)).status, 200, door.name)
    // Query and fragment are not part of what a proof names.
    assert.equal((await ask(door, right(door), 'DPoP', `${door.url}?limit=1`)).status, 200, door.name)
  }
})

test('a proof made for a token at one door is not taken with it at another (RFC 9449 §4.3)', async () => {
  const [outside, inside] = doors
  assert.ok(outside !== undefined && inside !== undefined)
  const proof = right(inside)
  assertRefused(await ask({ ...inside, url: outside.url }, proof), inside, 'a proof of the service at the gateway')
  assert.equal((await ask(inside, proof)).status, 200)
})

const tokenProof = (signer: SigningKey, more: object = {}) =>
  ({ dpop: proofOf(signer, { htm: 'POST', htu: `${issuer}/token`, ...more }) }) as const

test('a proof at the token endpoint is for it alone and works once; a refused one leaves the code usable (RFC 9449 §5)', async () => {
  const got = await getCode(system, { ...alice, resource: resources.inside })
  const redeem = (headers: Readonly<Record<string, string>>) => tokenRequest(system, 'spa', redemption(got), headers)
  const attempts: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'another address': tokenProof(key, { htu: `${issuer}/userinfo` }),
    'another method': tokenProof(key, { htm: 'GET' }),
    'too old': tokenProof(key, { iat: nowSeconds() - 600 }),
    'no proof at all': { dpop: 'x' },
    'signed with nothing': { dpop: unsigned({ typ: 'dpop+jwt', alg: 'none', jwk: key.publicJwk }, {}) },
  }
  for (const [what, headers] of Object.entries(attempts))
    assertTokenError(await redeem(headers), 'invalid_dpop_proof', what)
  const proof = tokenProof(key)
  const { status, json } = await redeem(proof)
  assert.deepEqual([status, json.token_type], [200, 'DPoP'])
  const refresh = { grant_type: 'refresh_token', refresh_token: String(json.refresh_token) }
  assertTokenError(await tokenRequest(system, 'spa', refresh, proof), 'invalid_dpop_proof', 'the same proof again')
  assertTokenError(await tokenRequest(system, 'spa', refresh), 'invalid_grant', 'a stolen refresh token without proof')
  assertTokenError(await tokenRequest(system, 'spa', refresh, tokenProof(other)), 'invalid_grant', 'with another key')
  assert.equal((await tokenRequest(system, 'spa', refresh, tokenProof(key))).status, 200)
})

test('a code asked for with a key works with that key alone (RFC 9449 §10)', async () => {
  const parameters = { dpop_jkt: key.publicJwk.kid ?? key.kid }
  const got = await getCode(system, { ...alice, resource: resources.inside, parameters })
  const redeem = (headers?: Readonly<Record<string, string>>) => tokenRequest(system, 'spa', redemption(got), headers)
  assertTokenError(await redeem(), 'invalid_grant', 'no proof')
  assertTokenError(await redeem(tokenProof(other)), 'invalid_grant', 'another key')
  assert.equal((await redeem(tokenProof(key))).status, 200)
})

test('userinfo takes a bound token with its proof alone (RFC 9449 §7)', async () => {
  const [door] = doors
  assert.ok(door !== undefined)
  const at = { ...door, url: `${issuer}/userinfo` }
  assertRefused(await ask(at, undefined, 'Bearer'), at, 'Bearer')
  assertRefused(await ask(at, right(at, { htm: 'POST' })), at, 'another method')
  const proof = right(at)
  assert.equal((await ask(at, proof)).status, 200)
  assertRefused(await ask(at, proof), at, 'a proof used before')
})
