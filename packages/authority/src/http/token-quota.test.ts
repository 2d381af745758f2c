import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formType, openBackChannel } from '../testing/back-channel-listener.ts'
import { requestOf, tokenRequest } from '../testing/token-requests.ts'

const machine = { grant_type: 'client_credentials', scope: 'read:orders' }
const quota = { refusedTokenRequestsPerMinute: 3 }

test('requests that come to nothing are 429 with Retry-After beyond the network’s quota, at all three endpoints together (RFC 6585 §4)', async t => {
  const { harness, send, post } = await openBackChannel(t, { settings: quota })
  const guess = (url: string, remoteAddress: string) =>
    send({
      method: 'POST',
      url,
      remoteAddress,
      headers: { 'content-type': formType },
      body: 'client_id=spa&grant_type=refresh_token&refresh_token=x&token=x',
    })
  assert.equal((await guess('/token', '2001:db8:0:1::1')).status, 400)
  assert.equal((await guess('/introspect', '2001:db8:0:1::2')).status, 401)
  assert.equal((await guess('/token', '2001:db8:0:1::3')).status, 400)
  for (const url of ['/token', '/introspect', '/revoke']) {
    const refused = await guess(url, '2001:db8:0:1:ffff::4')
    const { error, reason } = refused.json()
    assert.deepEqual([refused.status, error, reason], [429, 'temporarily_unavailable', 'rate_limited'], url)
    assert.equal(refused.headers['retry-after'], '20')
    assert.equal(refused.headers['cache-control'], 'no-store')
  }
  assert.equal((await guess('/token', '2001:db8:0:2::1')).status, 400, 'another network has its own')
  assert.equal((await post('/token', await requestOf(harness, harness.clients.nightly, machine))).status, 200)
  harness.clock.advance(20)
  assert.equal((await guess('/token', '2001:db8:0:1::1')).status, 400, 'the wait passes')
})

test('a crowd at once is not all let in, and what was right costs nothing', async t => {
  const { harness, post } = await openBackChannel(t, { settings: quota })
  const right = () => requestOf(harness, harness.clients.nightly, machine)
  for (let times = 0; times < 10; times += 1) assert.equal((await post('/token', await right())).status, 200)
  const wrong = tokenRequest(harness, { grant_type: 'refresh_token', client_id: 'spa', refresh_token: 'x' })
  const answers = await Promise.all(Array.from({ length: 20 }, () => post('/token', wrong)))
  assert.equal(answers.filter(({ status }) => status === 400).length, 3)
  assert.equal(answers.filter(({ status }) => status === 429).length, 17)
})

test('a stranger at the same address locks out no client that proved itself there before, and no guess gets in with its name', async t => {
  const { harness, post } = await openBackChannel(t, { settings: quota })
  const nightly = () => requestOf(harness, harness.clients.nightly, machine)
  const gateway = () => requestOf(harness, harness.clients.gateway, { token: 'x' })
  assert.equal((await post('/token', await nightly())).status, 200)
  const wrong = tokenRequest(harness, { grant_type: 'refresh_token', client_id: 'spa', refresh_token: 'x' })
  for (let times = 0; times < 4; times += 1) await post('/token', wrong)
  assert.equal((await post('/token', await nightly())).status, 200)
  assert.equal((await post('/introspect', await gateway())).status, 429, 'it has not shown yet who it is')
  const nameOnly = tokenRequest(harness, { ...machine, client_id: 'nightly' })
  assert.equal((await post('/token', nameOnly)).status, 429)
})
