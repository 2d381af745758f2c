/** Codes, refresh tokens and clients' credentials in the wrong hands, against the token endpoint of a started system. */
import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { s256 } from '@sallyport/credentials'
import {
  authorizationRequest,
  getCode,
  getTokens,
  randomText,
  redemption,
  tokenRequest,
  tokensIn,
} from '../code-flow.ts'
import { eventually } from '../eventually.ts'
import { exchange, type Reply } from '../exchange.ts'
import { startSystem } from '../system.ts'
import { UserAgent } from '../user-agent.ts'
import { assertTokenError } from './token-error.ts'

// With the usual 30 s a test of what comes after them would take half a minute.
const reuseSeconds = 1
const configuration = join(tmpdir(), `sallyport-attacks-${process.pid}.yaml`)
writeFileSync(configuration, `tokens:\n  refreshReuseSeconds: ${reuseSeconds}\n`)
const system = await startSystem({ args: ['--config', configuration] })
after(async () => {
  await system.stop()
  rmSync(configuration)
})
const { issuer, resources } = system

const spa = { client: 'spa', username: 'alice', scope: 'openid read:orders offline_access', resource: resources.inside }
const webApp = { ...spa, client: 'web-app', resource: resources.outside }

const orders = (token: string, at = system.ordersApi): Promise<Reply> =>
  exchange(`${at}/orders`, { headers: { authorization: `Bearer ${token}` } })

/** A revocation reaches the services through the feed. */
async function assertDead(token: string, at: string): Promise<void> {
  await eventually(async () => (await orders(token, at)).status === 401, `a token of a dead family is refused at ${at}`)
}

test('a code that is used again is refused and ends all that it gave (OAuth 2.1 §4.1.3, RFC 9700 §2.1.1)', async () => {
  const got = await getCode(system, spa)
  const { access, refresh } = tokensIn(await tokenRequest(system, 'spa', redemption(got)))
  assert.equal((await orders(access)).status, 200)
  assertTokenError(await tokenRequest(system, 'spa', redemption(got)), 'invalid_grant', 'the second use')
  await assertDead(access, system.ordersApi)
  const after = await tokenRequest(system, 'spa', { grant_type: 'refresh_token', refresh_token: refresh })
  assertTokenError(after, 'invalid_grant', 'the family’s refresh token')
  assert.equal((await orders((await getTokens(system, spa)).access)).status, 200)
})

test('a stolen code is worth nothing without its verifier, its client, its address; and the honest client still has it', async () => {
  const got = await getCode(system, spa)
  const honest = redemption(got)
  const { code_verifier: _verifier, ...withoutVerifier } = honest
  const attempts: Readonly<Record<string, Promise<Reply>>> = {
    'no verifier': tokenRequest(system, 'spa', withoutVerifier),
    'an empty verifier': tokenRequest(system, 'spa', { ...honest, code_verifier: '' }),
    'another verifier': tokenRequest(system, 'spa', { ...honest, code_verifier: randomText() }),
    'the challenge as verifier (plain)': tokenRequest(system, 'spa', { ...honest, code_verifier: s256(got.verifier) }),
    'another client': tokenRequest(system, 'web-app', honest),
    'another public client': tokenRequest(system, 'terminal', honest),
    'another redirect_uri': tokenRequest(system, 'spa', { ...honest, redirect_uri: 'http://127.0.0.1:4600/callback' }),
    'a slash more': tokenRequest(system, 'spa', { ...honest, redirect_uri: `${got.redirectUri}/` }),
    'a code cut short': tokenRequest(system, 'spa', { ...honest, code: got.code.slice(0, -1) }),
    'as a refresh token': tokenRequest(system, 'spa', { grant_type: 'refresh_token', refresh_token: got.code }),
  }
  for (const [what, reply] of Object.entries(attempts)) assertTokenError(await reply, 'invalid_grant', what)
  const elsewhere = await tokenRequest(system, 'spa', { ...honest, resource: 'http://localhost:9/other' })
  assertTokenError(elsewhere, 'invalid_target', 'another resource')
  assert.equal((await orders(tokensIn(await tokenRequest(system, 'spa', honest)).access)).status, 200)
})

test('of 50 simultaneous uses of a stolen code one wins at most, and its tokens die (OAuth 2.1 §4.1.3)', async () => {
  const got = await getCode(system, spa)
  const replies = await Promise.all(Array.from({ length: 50 }, () => tokenRequest(system, 'spa', redemption(got))))
  const won = replies.filter(({ status }) => status === 200)
  assert.equal(won.length, 1)
  await assertDead(String(won[0]?.json.access_token), system.ordersApi)
})

test('no request for a code passes without S256 (OAuth 2.1 §4.1.1, RFC 9700 §2.1.1)', async () => {
  const challenge = s256(randomText())
  const weak: Readonly<Record<string, Record<string, string>>> = {
    'no challenge': { code_challenge: '', code_challenge_method: '' },
    'method without challenge': { code_challenge: '' },
    plain: { code_challenge: challenge, code_challenge_method: 'plain' },
    'no method, which means plain': { code_challenge: challenge, code_challenge_method: '' },
    'lower case': { code_challenge: challenge, code_challenge_method: 's256' },
    short: { code_challenge: 'abc' },
    padded: { code_challenge: `${challenge}=` },
  }
  for (const [what, parameters] of Object.entries(weak)) {
    for (const client of ['spa', 'web-app', 'shop']) {
      const { url } = authorizationRequest(system, { ...spa, client, parameters }, randomText())
      const { status, headers, text } = await exchange(url)
      const redirect = new URL(headers.location ?? assert.fail(`${what}: ${status} ${text}`))
      assert.equal(redirect.searchParams.get('error'), 'invalid_request', what)
      assert.equal(redirect.searchParams.get('iss'), issuer)
      assert.equal(redirect.searchParams.get('code'), null)
    }
  }
})

test('a refresh token that comes again after its time ends the family, and the user signs in anew (OAuth 2.1 §4.3.1, RFC 9700 §4.14.2)', async () => {
  const first = await getTokens(system, spa)
  const refresh = (token: string) => tokenRequest(system, 'spa', { grant_type: 'refresh_token', refresh_token: token })
  const second = tokensIn(await refresh(first.refresh))
  assert.notEqual(second.refresh, first.refresh)
  assert.equal((await orders(second.access)).status, 200)
  await wait((reuseSeconds + 1.2) * 1000)
  assertTokenError(await refresh(first.refresh), 'invalid_grant', 'the stolen token')
  assertTokenError(await refresh(second.refresh), 'invalid_grant', 'its successor')
  await assertDead(first.access, system.ordersApi)
  await assertDead(second.access, system.ordersApi)
  assert.equal((await orders((await getTokens(system, spa)).access)).status, 200)
})

test('a refresh token of another client is refused, and its own client goes on with it (OAuth 2.1 §4.3)', async () => {
  const { refresh } = await getTokens(system, webApp)
  const parameters = { grant_type: 'refresh_token', refresh_token: refresh }
  assertTokenError(await tokenRequest(system, 'spa', parameters), 'invalid_grant', 'spa')
  const unproven = new URLSearchParams({ ...parameters, client_id: 'web-app' })
  assertTokenError(await exchange(`${issuer}/token`, { method: 'POST', body: unproven }), 'invalid_client', 'no secret')
  const last = refresh.endsWith('0') ? '1' : '0'
  const altered = { ...parameters, refresh_token: refresh.slice(0, -1) + last }
  assertTokenError(await tokenRequest(system, 'web-app', altered), 'invalid_grant', 'an altered one')
  assert.equal((await tokenRequest(system, 'web-app', parameters)).status, 200)
})

test('a refresh asks for no more than was granted (OAuth 2.1 §4.3.1, RFC 8707 §2.2)', async () => {
  const { refresh } = await getTokens(system, spa)
  const parameters = { grant_type: 'refresh_token', refresh_token: refresh }
  for (const scope of ['write:orders', 'read:orders refund:orders', 'manage:clients:write']) {
    assertTokenError(await tokenRequest(system, 'spa', { ...parameters, scope }), 'invalid_scope', scope)
  }
  for (const resource of [resources.outside, `${issuer}/manage`, 'http://localhost:9/x']) {
    assertTokenError(await tokenRequest(system, 'spa', { ...parameters, resource }), 'invalid_target', resource)
  }
  const honest = await tokenRequest(system, 'spa', { ...parameters, scope: 'read:orders' })
  assert.equal((await orders(tokensIn(honest).access)).status, 200)
})

test('what an authorization server mixed up with ours would send is told apart: `iss` is in every response (RFC 9207 §2)', async () => {
  const agent = new UserAgent()
  const got = await getCode(system, { ...spa, agent })
  assert.equal(got.redirect.searchParams.get('iss'), issuer)
  const { url } = authorizationRequest(system, { ...spa, parameters: { prompt: 'none' } }, randomText())
  const { headers } = await exchange(url)
  const refused = new URL(headers.location ?? assert.fail())
  assert.equal(refused.searchParams.get('error'), 'login_required')
  assert.equal(refused.searchParams.get('iss'), issuer)
})

test('a request in another form than the one we take is refused, not half understood (OAuth 2.1 §4.1.1, OpenID Connect Core §6)', async () => {
  const other: Readonly<Record<string, readonly [Record<string, string>, string]>> = {
    'response_type token': [{ response_type: 'token' }, 'unsupported_response_type'],
    'response_type code token': [{ response_type: 'code token' }, 'unsupported_response_type'],
    'response_mode fragment': [{ response_mode: 'fragment' }, 'invalid_request'],
    request: [{ request: 'eyJhbGciOiJub25lIn0.e30.' }, 'request_not_supported'],
    request_uri: [{ request_uri: 'http://127.0.0.1:9/object' }, 'request_uri_not_supported'],
    'an unknown scope': [{ scope: 'openid everything' }, 'invalid_scope'],
    'an unknown resource': [{ resource: 'http://localhost:9/x' }, 'invalid_target'],
    'the management API': [{ resource: `${issuer}/manage`, scope: 'manage:clients:write' }, 'invalid_target'],
  }
  for (const [what, [parameters, error]] of Object.entries(other)) {
    const { status, headers, text } = await exchange(
      authorizationRequest(system, { ...spa, parameters }, randomText()).url,
    )
    const redirect = new URL(headers.location ?? assert.fail(`${what}: ${status} ${text}`))
    assert.equal(redirect.origin, 'http://localhost:4600', what)
    assert.equal(redirect.searchParams.get('error'), error, `${what}: ${redirect}`)
  }
})
