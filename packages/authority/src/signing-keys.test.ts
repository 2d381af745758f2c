import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyState, publishedJwks } from '@sallyport/credentials'
import { presentedAccessToken } from './presented-access-token.ts'
import { openSigningKeys } from './signing-keys.ts'
import { openHarness } from './testing/authority-harness.ts'
import { ask, given } from './testing/token-flow.ts'

const schedule = { announceSeconds: 100, signSeconds: 1000, retireSeconds: 1000 }

test('the first start makes one ES256 key; others are made when they first sign (DECISIONS "Processes")', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  assert.deepEqual(
    harness.keys.ring().keys.map(({ key }) => key.algorithm),
    ['ES256'],
  )
  const [a, b] = await Promise.all([harness.keys.signing('EdDSA'), harness.keys.signing('EdDSA')])
  assert.equal(a.kid, b.kid, 'once, however many ask')
  assert.equal(harness.keys.ring().keys.length, 2)
})

test('keys rotate by command without a restart: the old one verifies on, the new one signs', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { reporter } = harness.clients
  const jwt = () =>
    ask(harness, reporter, { grant_type: 'client_credentials' }, { resources: ['http://localhost:4300'] }).then(given)
  const before = await jwt()
  const old = await harness.keys.signing('ES256')
  const fresh = await harness.keys.rotate('ES256')
  assert.notEqual(fresh.kid, old.kid)
  const after = await jwt()
  const kid = JSON.parse(Buffer.from(after.access_token.split('.')[0] ?? '', 'base64url').toString('utf8')).kid
  assert.equal(kid, fresh.kid)
  for (const { access_token } of [before, after])
    assert.ok('claims' in (await presentedAccessToken(access_token, harness.context)))
  assert.equal(publishedJwks(harness.keys.ring(), harness.clock.seconds).keys.length, 2)
  harness.clock.advance(3601)
  await harness.keys.tick()
  assert.deepEqual(
    harness.keys.ring().keys.map(({ key }) => key.kid),
    [fresh.kid],
    'and is removed when nothing needs it',
  )
})

test('keys rotate by schedule: announced, then signing, then only verifying, then gone', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const store = harness.store.of('scheduled')
  const keys = await openSigningKeys({ store, now: () => harness.clock.seconds, log: harness.context.log, schedule })
  t.after(() => keys.close())
  const states = () => keys.ring().keys.map(entry => keyState(entry, harness.clock.seconds))
  const first = await keys.signing('ES256')
  harness.clock.advance(900)
  await keys.tick()
  assert.deepEqual(states(), ['signing', 'announced'])
  assert.equal((await keys.signing('ES256')).kid, first.kid)
  harness.clock.advance(100)
  assert.deepEqual(states(), ['retired', 'signing'])
  assert.notEqual((await keys.signing('ES256')).kid, first.kid)
  harness.clock.advance(1000)
  await keys.tick()
  assert.equal(
    keys.ring().keys.some(({ key }) => key.kid === first.kid),
    false,
  )
})

test('two processes that open, rotate and tick at once end with one ring', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const store = harness.store.of('shared')
  const options = { store, now: () => harness.clock.seconds, log: harness.context.log, schedule }
  const [one, two] = await Promise.all([openSigningKeys(options), openSigningKeys(options)])
  t.after(() => [one, two].map(keys => keys.close()))
  await Promise.all([one.rotate('ES256'), two.rotate('ES256'), one.signing('EdDSA'), two.tick()])
  await Promise.all([one.tick(), two.tick()])
  const kids = (keys: typeof one) => keys.ring().keys.map(({ key }) => key.kid)
  assert.deepEqual(kids(one), kids(two))
  const signing = one
    .ring()
    .keys.filter(entry => entry.key.algorithm === 'ES256' && keyState(entry, harness.clock.seconds) === 'signing')
  assert.equal(signing.length, 1)
})

test('private keys are sealed at rest, and come back after a restart', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const again = await openSigningKeys({
    store: harness.context.store,
    now: () => harness.clock.seconds,
    log: harness.context.log,
  })
  t.after(() => again.close())
  assert.equal((await again.signing('ES256')).kid, (await harness.keys.signing('ES256')).kid)
  const { readFileSync, readdirSync } = await import('node:fs')
  const bytes = readdirSync(harness.folder).map(name => readFileSync(`${harness.folder}/${name}`, 'latin1'))
  const { d } = (await harness.keys.signing('ES256')).privateKey.export({ format: 'jwk' })
  assert.equal(
    bytes.some(text => text.includes(String(d))),
    false,
  )
})

test('a key that leaked is withdrawn at once: it neither signs nor verifies', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const leaked = await harness.keys.signing('ES256')
  await harness.keys.withdraw(leaked.kid)
  assert.notEqual((await harness.keys.signing('ES256')).kid, leaked.kid)
  assert.equal(
    publishedJwks(harness.keys.ring(), harness.clock.seconds).keys.some(({ kid }) => kid === leaked.kid),
    false,
  )
})
