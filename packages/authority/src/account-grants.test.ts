import assert from 'node:assert/strict'
import { test } from 'node:test'
import { disconnectClient } from './account-grants.ts'
import { presentedAccessToken } from './presented-access-token.ts'
import { openHarness } from './testing/authority-harness.ts'
import { signedIn } from './testing/token-flow.ts'

test('seed 28: a crash between the end of a grant and of its tokens: taking it back again ends them', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { context, clients, account } = harness
  const client = clients.webApp
  await context.store.commit([
    {
      put: {
        kind: 'grant',
        key: harness.grantOf(client).id,
        value: harness.grantOf(client),
        index: {
          subject: account.id,
          client_id: client.client_id,
          subject_client: `${account.id} ${client.client_id}`,
        },
      },
    },
  ])
  const tokens = await signedIn(harness, client)
  const crash = new Error('crash')
  const crashing = { ...context, store: { ...storeOf(context.store), list: listUntil('family', crash, context.store) } }
  await assert.rejects(disconnectClient(account.id, client.client_id, crashing), crash)
  assert.ok('claims' in (await presentedAccessToken(tokens.access_token, context)))
  await disconnectClient(account.id, client.client_id, context)
  assert.deepEqual(await presentedAccessToken(tokens.access_token, context), { dead: 'revoked' })
})

type Store = Parameters<typeof disconnectClient>[2]['store']

const storeOf = (store: Store): Store => ({
  peek: (kind, key) => store.peek(kind, key),
  peekWith: (kind, key, references) => store.peekWith(kind, key, references),
  take: (kind, key, effects) => store.take(kind, key, effects),
  claim: (kind, hash, expiresAt) => store.claim(kind, hash, expiresAt),
  commit: writes => store.commit(writes),
  list: (kind, page) => store.list(kind, page),
  read: (stream, after, limit) => store.read(stream, after, limit),
  watch: (stream, onAppend) => store.watch(stream, onAppend),
  registered: (kind, key) => store.registered(kind, key),
})

const listUntil =
  (kind: string, crash: Error, store: Store): Store['list'] =>
  (listed, page) => {
    if (listed === kind) throw crash
    return store.list(listed, page)
  }
