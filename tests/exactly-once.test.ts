import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateSigningKey, type SigningKey, s256 } from '@sallyport/credentials'
import { administratorOf } from './administrator.ts'
import { type GotCode, getCode, proofOf, randomText, redemption, tokenRequest, tokensIn } from './code-flow.ts'
import { exchange, type Reply } from './exchange.ts'
import { systemOfFile } from './system.ts'
import { UserAgent } from './user-agent.ts'

/** 1,000 in CI. */
const rounds = Number(process.env.SALLYPORT_ROUNDS ?? 20)
const parallel = 50

const system = await systemOfFile()
const { inside } = system.resources
const scope = 'openid offline_access read:orders'
const alice = new UserAgent()

/** After the first time, the session and the remembered consent make it one request. */
const codeFor = (client: string): Promise<GotCode> =>
  getCode(system, { client, username: 'alice', scope, resource: inside, agent: alice })

const atOnce = (send: () => Promise<Reply>): Promise<readonly Reply[]> =>
  Promise.all(Array.from({ length: parallel }, send))

const kinds = (replies: readonly Reply[]): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const { status, json } of replies) {
    const kind = status === 200 ? 'won' : `${status} ${json.error}`
    counts[kind] = (counts[kind] ?? 0) + 1
  }
  return counts
}

for (const client of ['spa', 'web-app']) {
  test(`S1 of ${parallel} simultaneous redemptions of one code of ${client} exactly one wins, and what it won is revoked: ${rounds} rounds (OAuth 2.1 §4.1.3, RFC 9700 §4.2.4)`, async () => {
    for (let round = 0; round < rounds; round += 1) {
      const got = await codeFor(client)
      const replies = await atOnce(() => tokenRequest(system, client, redemption(got)))
      assert.deepEqual(kinds(replies), { won: 1, '400 invalid_grant': parallel - 1 }, `round ${round}`)
      const { access, refresh } = tokensIn(replies.find(({ status }) => status === 200) ?? assert.fail())
      const user = await exchange(`${system.issuer}/userinfo`, { headers: { authorization: `Bearer ${access}` } })
      const again = await tokenRequest(system, client, { grant_type: 'refresh_token', refresh_token: refresh })
      assert.deepEqual([user.status, again.json.error], [401, 'invalid_grant'], `round ${round}`)
    }
  })

  test(`of ${parallel} simultaneous uses of one refresh token of ${client} all get the one successor: ${rounds} rounds (OAuth 2.1 §4.3.1)`, async () => {
    let { refresh: token } = tokensIn(await tokenRequest(system, client, redemption(await codeFor(client))))
    for (let round = 0; round < rounds; round += 1) {
      const use = () => tokenRequest(system, client, { grant_type: 'refresh_token', refresh_token: token })
      const replies = await atOnce(use)
      assert.deepEqual(kinds(replies), { won: parallel }, `round ${round}`)
      const tokens = replies.map(tokensIn)
      const successors = new Set(tokens.map(({ refresh }) => refresh))
      assert.equal(successors.size, 1, `round ${round}: ${successors.size} successors`)
      assert.equal(new Set(tokens.map(({ access }) => access)).size, parallel, 'each its own access token')
      const [successor = ''] = successors
      assert.notEqual(successor, token)
      token = successor
    }
  })
}

/** A public client whose every token request needs a proof with our nonce. */
async function carefulClient(): Promise<string> {
  const { client_id } = await (await administratorOf(system)).addClient({
    client_name: 'Careful',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: ['http://localhost:4760/callback'],
    scopes: scope.split(' '),
    resources: [inside],
    dpop_bound_access_tokens: true,
    require_dpop_nonce: true,
    consent: 'implied',
  })
  return client_id
}

interface Attempt {
  readonly name: string
  readonly error: string
  /** Who asks, if not the client itself. */
  readonly client?: string
  readonly parameters?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
}

const refusedAttempts: readonly Attempt[] = [
  {
    name: 'a resource nobody knows (RFC 8707 §2)',
    error: 'invalid_target',
    parameters: { resource: 'https://other.example/' },
  },
  {
    name: 'a resource that was not asked for',
    error: 'invalid_target',
    parameters: { resource: system.resources.outside },
  },
  {
    name: 'a proof for another address (RFC 9449 §4.3)',
    error: 'invalid_dpop_proof',
    headers: { dpop: proofOf(generateSigningKey('ES256'), { htm: 'POST', htu: `${system.issuer}/elsewhere` }) },
  },
  { name: 'another client (OAuth 2.1 §4.1.3)', error: 'invalid_grant', client: 'web-app' },
  { name: 'a client nobody knows', error: 'invalid_client', parameters: { client_id: 'nobody' } },
]

/** The code grant has no scope parameter; the refresh grant may narrow it only (OAuth 2.1 §4.3). */
const refreshAttempts: readonly Attempt[] = [
  { name: 'a scope that was not granted', error: 'invalid_scope', parameters: { scope: 'refund:orders' } },
]

const codeAttempts: readonly Attempt[] = [
  { name: 'another verifier (RFC 7636 §4.6)', error: 'invalid_grant', parameters: { code_verifier: randomText() } },
  {
    name: 'another redirect URI',
    error: 'invalid_grant',
    parameters: { redirect_uri: 'http://127.0.0.1:4600/callback' },
  },
]

for (const attempt of [...refusedAttempts, ...codeAttempts]) {
  test(`a code survives a request refused for ${attempt.name}: the honest retry succeeds`, async () => {
    const got = await codeFor('spa')
    const parameters = { ...redemption(got), ...attempt.parameters }
    const refused = await tokenRequest(system, attempt.client ?? 'spa', parameters, attempt.headers)
    assert.equal(refused.json.error, attempt.error, refused.text)
    assert.equal((await tokenRequest(system, 'spa', redemption(got))).status, 200)
  })
}

for (const attempt of [...refusedAttempts, ...refreshAttempts]) {
  test(`a refresh token survives a request refused for ${attempt.name}: the honest retry succeeds`, async () => {
    const { refresh } = tokensIn(await tokenRequest(system, 'spa', redemption(await codeFor('spa'))))
    const honest = { grant_type: 'refresh_token', refresh_token: refresh }
    const parameters = { ...honest, ...attempt.parameters }
    const refused = await tokenRequest(system, attempt.client ?? 'spa', parameters, attempt.headers)
    assert.equal(refused.json.error, attempt.error, refused.text)
    const retried = tokensIn(await tokenRequest(system, 'spa', honest))
    assert.notEqual(retried.refresh, refresh)
  })
}

test('code and refresh token survive the nonce challenge, and a proof by another key (RFC 9449 §8, §5)', async () => {
  const client_id = await carefulClient()
  const key = generateSigningKey('ES256')
  const verifier = randomText()
  const { codeRequest, redirectUri } = askAs(client_id, verifier)
  const redirect = await alice.authorize(codeRequest, redirectUri, system.user('alice'))
  const code = redirect.searchParams.get('code') ?? assert.fail(redirect.href)
  const send = (parameters: Readonly<Record<string, string>>, nonce: string | undefined, by: SigningKey = key) =>
    exchange(`${system.issuer}/token`, {
      method: 'POST',
      headers: {
        dpop: proofOf(by, { htm: 'POST', htu: `${system.issuer}/token`, ...(nonce !== undefined && { nonce }) }),
      },
      body: new URLSearchParams({ client_id, ...parameters }),
    })
  const redeem = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: redirectUri }
  const challenge = await send(redeem, undefined)
  assert.equal(challenge.json.error, 'use_dpop_nonce')
  const nonce = String(challenge.headers['dpop-nonce'])
  const { refresh } = tokensIn(await send(redeem, nonce))
  const use = { grant_type: 'refresh_token', refresh_token: refresh }
  assert.equal((await send(use, undefined)).json.error, 'use_dpop_nonce')
  assert.equal((await send(use, 'a nonce of nobody')).json.error, 'use_dpop_nonce')
  assert.equal((await send(use, nonce, generateSigningKey('ES256'))).json.error, 'invalid_grant')
  assert.notEqual(tokensIn(await send(use, nonce)).refresh, refresh)
})

function askAs(client_id: string, verifier: string) {
  const redirectUri = 'http://localhost:4760/callback'
  const parameters = new URLSearchParams({
    response_type: 'code',
    client_id,
    redirect_uri: redirectUri,
    scope,
    resource: inside,
    state: randomText(),
    code_challenge: s256(verifier),
    code_challenge_method: 'S256',
  })
  return { codeRequest: `${system.issuer}/authorize?${parameters}`, redirectUri }
}
