import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { accessTokenHash, generateSigningKey } from '@sallyport/credentials'
import { Browser } from '../attacks/browser.ts'
import { getTokens, proofOf, tokenRequest, tokensIn } from '../code-flow.ts'
import { sallyport } from '../command-line.ts'
import { eventually, median } from '../eventually.ts'
import { exchange } from '../exchange.ts'
import type { RunningSystem } from '../system.ts'
import { apiOn } from './guarded-api.ts'
import { install } from './machines.ts'
import { startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'

const [postgres, redis] = await Promise.all([startPostgres(), startRedis(['--maxmemory-policy', 'noeviction'])])
const installation = await install({ postgres: postgres.url, redis: redis.url })
after(async () => {
  await installation.stop()
  await Promise.all([postgres.stop(), redis.stop()])
})
const { first } = installation
const second = await installation.join('second', ['authority'])
/** The demo's clients and users, asked at the second authority. */
const there: RunningSystem = { ...first, issuer: second.authority }
const { inside, outside } = first.resources
const machineGrant = { grant_type: 'client_credentials', scope: 'read:orders', resource: inside }

test('two authorities on one Postgres and one Redis: of 50 uses split over both one wins, of each kind, in 5 rounds (OAuth 2.1 §4.1.3, §4.3.1, RFC 7523 §3, RFC 9449 §11.1)', async t => {
  const words = ['race', '--also', second.authority, '--rounds', '5', '--json']
  const { right, contests } = JSON.parse(await sallyport(first, ...words))
  for (const { kind, tried, won, successors } of contests)
    assert.deepEqual([kind, tried, kind === 'refresh token' ? successors : won], [kind, 50, 1])
  assert.equal(right, true)
  assert.equal(contests.length, 20)
  t.diagnostic(
    contests
      .map(({ kind, answers }: { kind: string; answers: object }) => `${kind} ${JSON.stringify(answers)}`)
      .join('; '),
  )
})

test('a token that is revoked at one authority is refused within a second by a guard that listens to the other (DECISIONS "Revocation feed": any node can serve it)', async t => {
  const ask = apiOn(t, first, second.authority)
  const took: number[] = []
  for (let round = 0; round < 10; round += 1) {
    const { access } = tokensIn(await tokenRequest(first, 'nightly', machineGrant))
    assert.equal(await ask(access), 200)
    const { client_secret } = first.client('nightly')
    const headers = { authorization: `Basic ${btoa(`nightly:${client_secret}`)}` }
    const body = new URLSearchParams({ token: access })
    const begun = performance.now()
    assert.equal((await exchange(`${first.issuer}/revoke`, { method: 'POST', headers, body })).status, 200)
    await eventually(async () => (await ask(access)) === 401, 'the revoked token is refused')
    took.push(performance.now() - begun)
  }
  t.diagnostic(`median ${median(took).toFixed(1)} ms, most ${Math.max(...took).toFixed(1)} ms`)
  assert.ok(median(took) < 1000)
})

test('a key that is rotated at one authority is published and signs at the other', async t => {
  const ask = apiOn(t, first, second.authority)
  const { kid } = JSON.parse(await sallyport(first, 'key', 'rotate', '--json'))
  assert.equal(typeof kid, 'string')
  const isPublished = async () => {
    const { keys } = (await exchange(`${second.authority}/jwks`)).json as { keys: { kid: string }[] }
    return keys.some(key => key.kid === kid)
  }
  await eventually(isPublished, 'the other authority publishes the key')
  const { access } = tokensIn(await tokenRequest(there, 'nightly', machineGrant))
  assert.equal(JSON.parse(Buffer.from(access.split('.')[0] ?? '', 'base64url').toString()).kid, kid)
  assert.equal(await ask(access), 200)
})

test('a proof that was used at one gateway is refused by the other (RFC 9449 §11.1)', async () => {
  const gateway = await installation.join('gateway-2', ['gateway'])
  const key = generateSigningKey('ES256')
  const asked = { client: 'web-app', username: 'alice', scope: 'read:orders', resource: outside }
  const { access } = await getTokens(first, asked, key)
  const dpop = proofOf(key, { htm: 'GET', htu: outside, ath: accessTokenHash(access) })
  const headers = { authorization: `DPoP ${access}`, dpop }
  const other = `http://localhost:${gateway.ports.gateway}/orders`
  assert.equal((await exchange(outside, { headers })).status, 200)
  const replayed = await exchange(other, { headers })
  assert.deepEqual([replayed.status, replayed.json.code], [401, 'proof_replayed'])
  const fresh = { ...headers, dpop: proofOf(key, { htm: 'GET', htu: outside, ath: accessTokenHash(access) }) }
  assert.equal((await exchange(other, { headers: fresh })).status, 200)
})

test('a quota that is spent at one authority is spent at the other (RFC 6585 §4)', async t => {
  // One comes back each 12 seconds: more than this takes on a machine that does other things too.
  const refusedPerMinute = 5
  const [limited, also] = [
    await installation.join('limited', ['authority'], { refusedPerMinute }),
    await installation.join('limited-too', ['authority'], { refusedPerMinute }),
  ]
  t.after(() => Promise.all([limited.stop(), also.stop()]))
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'sp_rt_none', client_id: 'terminal' })
  // Of a network of its own: what it spends is spent at every authority, whatever its own limit is.
  const headers = { 'x-forwarded-for': '192.0.2.1' }
  const refused = async ({ authority }: typeof limited) =>
    (await exchange(`${authority}/token`, { method: 'POST', headers, body })).status
  const spent: number[] = []
  for (let each = 0; each <= refusedPerMinute; each += 1) spent.push(await refused(limited))
  assert.deepEqual(spent, [...Array(refusedPerMinute).fill(400), 429])
  // What it lets through before it has heard is less than its own quota, so the other's spending is what it refuses for.
  const there = [await refused(also)]
  while (there.length < refusedPerMinute && !there.includes(429)) {
    await wait(500)
    there.push(await refused(also))
  }
  assert.equal(there.at(-1), 429, `${there}`)
})

test('a nonce that one gateway gave is taken by the other, and a proof without one by neither (RFC 9449 §9)', async () => {
  const [one, other] = [
    await installation.join('nonces', ['gateway'], { dpopNonces: true }),
    await installation.join('nonces-too', ['gateway'], { dpopNonces: true }),
  ]
  const key = generateSigningKey('ES256')
  const { access } = await getTokens(
    first,
    { client: 'web-app', username: 'alice', scope: 'read:orders', resource: outside },
    key,
  )
  const ask = ({ ports }: typeof one, nonce?: string) => {
    const claims = { htm: 'GET', htu: outside, ath: accessTokenHash(access), ...(nonce === undefined ? {} : { nonce }) }
    const headers = { authorization: `DPoP ${access}`, dpop: proofOf(key, claims) }
    return exchange(`http://localhost:${ports.gateway}/orders`, { headers })
  }
  const [refused, refusedToo] = [await ask(one), await ask(other)]
  assert.deepEqual([refused.status, refusedToo.status, refused.json.code], [401, 401, 'use_dpop_nonce'])
  assert.equal((await ask(other, String(refused.headers['dpop-nonce']))).status, 200)
})

test('a browser that signed in at one back end is signed in at the other, and reads its orders there', async () => {
  const other = await installation.join('bff-2', ['bff'])
  const browser = new Browser()
  await browser.signIn(`${first.app}/bff/login`, first.user('alice'))
  const ours = { origin: first.app, 'sec-fetch-site': 'same-origin', 'sallyport-csrf': '1' }
  const at = `http://localhost:${other.ports.app}`
  assert.equal((await browser.ask(`${at}/bff/session`, { headers: ours })).json.signed_in, true)
  const orders = await browser.ask(`${at}/api/orders`, { headers: ours })
  assert.equal(orders.status, 200, orders.text)
  assert.match(orders.text, /alice-1/)
})

test('sallyport status names the stores and every process that serves from them', async () => {
  const { stores, peers } = JSON.parse(await sallyport(second, 'status', '--json'))
  assert.match(stores.authority, /^Postgres 127\.0\.0\.1:\d+\/postgres, schema sallyport$/)
  assert.match(stores.proofs, /^Redis 127\.0\.0\.1:\d+$/)
  assert.deepEqual(
    peers.map(({ name }: { name: string }) => name),
    ['first', 'second'],
  )
})

test('an authority of another issuer does not start on the same store', async () => {
  const wrong = installation.join('wrong', ['authority'], { issuer: 'http://localhost:1' })
  await assert.rejects(wrong, /issuer_differs/)
})

test('kill -9 of one authority: the other goes on with its families, tokens and sign-ins', async () => {
  const asked = { client: 'web-app', username: 'alice', scope: 'openid offline_access read:orders', resource: outside }
  const { refresh } = await getTokens(first, asked)
  first.child.kill('SIGKILL')
  await first.ended
  const renewed = await tokenRequest(there, 'web-app', { grant_type: 'refresh_token', refresh_token: refresh })
  assert.equal(renewed.status, 200, renewed.text)
  tokensIn(await tokenRequest(there, 'nightly', machineGrant))
})
