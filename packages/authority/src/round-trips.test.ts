import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authorityStore } from './authority-store.ts'
import { introspect } from './introspection.ts'
import { Registrations } from './registrations.ts'
import { openHarness } from './testing/authority-harness.ts'
import { countRoundTrips } from './testing/round-trips.ts'
import { ask, given, redeem, refresh, signedIn } from './testing/token-flow.ts'
import { requestOf } from './testing/token-requests.ts'

const orders = 'http://localhost:4300'

test('a store over a network is waited for once by a grant without a user and by introspection, twice by a refresh and by a code', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { webApp, nightly, gateway, ordersApi } = harness.clients
  const counted = countRoundTrips(harness.store.of('main'))
  const store = authorityStore(counted.store, new Registrations(harness.context.nowMs))
  const far = { ...harness, context: { ...harness.context, store } }
  const shown = async (token: string, client = gateway) =>
    introspect(await requestOf(harness, client, { token }), false, far.context)

  // Clients and resources are remembered from here on, and the grant's use is noted for this hour.
  const { access_token: opaque } = await signedIn(far, webApp)
  const { access_token: jwt } = await signedIn(far, webApp, { granted: [orders] })
  await shown(opaque)
  await shown(jwt, ordersApi)
  await ask(far, nightly, { grant_type: 'client_credentials' })

  assert.equal(await counted.of(() => ask(far, nightly, { grant_type: 'client_credentials' })), 1)
  // Both APIs show an assertion, whose first use is a round trip of its own.
  assert.equal(await counted.of(() => shown(opaque)), 1 + 1, 'the token with all that may have revoked it')
  assert.equal(await counted.of(() => shown(jwt, ordersApi)), 1 + 1, 'all that may have revoked it')
  const minted = await harness.mintCode(webApp)
  let refreshToken: string | undefined
  const redeemed = async () => {
    refreshToken = given(await redeem(far, webApp, minted)).refresh_token
  }
  assert.equal(await counted.of(redeemed), 2, 'the code with who stands behind it, the taking with who left in between')
  const refreshed = async () => void given(await refresh(far, webApp, refreshToken))
  assert.equal(await counted.of(refreshed), 2, 'the token with its family and who stands behind it, the taking')
})
