import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Write } from '@sallyport/store'
import { disconnectClient } from './account-grants.ts'
import type { AuthorityStore } from './authority-store.ts'
import type { AuthorityContext } from './context.ts'
import type { Grant } from './grant.ts'
import { issueCode } from './issue-code.ts'
import { listAll } from './listed.ts'
import { openHarness } from './testing/authority-harness.ts'

/** The context, with something that happens between the look at the grants and the first commit that writes one. */
function interrupted(context: AuthorityContext, meanwhile: () => Promise<void>): AuthorityContext {
  let first = true
  const commit = async (writes: readonly Write[]) => {
    const isCode = writes.some(write => 'insert' in write && write.insert.kind === 'code')
    if (first && isCode) {
      first = false
      await meanwhile()
    }
    return context.store.commit(writes)
  }
  const { store } = context
  const between: AuthorityStore = {
    peek: (kind, key) => store.peek(kind, key),
    peekWith: (kind, key, references) => store.peekWith(kind, key, references),
    take: (kind, key, effects) => store.take(kind, key, effects),
    claim: (kind, hash, expiresAt) => store.claim(kind, hash, expiresAt),
    list: (kind, page) => store.list(kind, page),
    read: (stream, after, limit) => store.read(stream, after, limit),
    watch: (stream, onAppend) => store.watch(stream, onAppend),
    registered: (kind, key) => store.registered(kind, key),
    commit,
  }
  return { ...context, store: between }
}

test('consent to something new never brings back what was taken back at that moment (OAuth 2.1 §4.3.1)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { context, clients, session, account } = harness
  const client = clients.webApp
  const resource = 'http://localhost:4100/orders'
  const request = {
    client_id: client.client_id,
    redirect_uri: client.redirect_uris[0] ?? '',
    response_mode: 'query',
    scope: ['openid', 'offline_access'],
    resources: [],
    scopesByResource: { '': ['openid', 'offline_access'] },
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    prompt: [],
  } as const
  const between = interrupted(context, () => disconnectClient(account.id, client.client_id, context))
  assert.ok('code' in (await issueCode(request, session, undefined, between)))
  const grants = (await listAll<Grant>('grant', ['subject_client', `${account.id} ${client.client_id}`], context)).map(
    ({ value }) => value,
  )
  const inForce = grants.filter(grant => grant.revoked_at === undefined)
  assert.deepEqual(
    inForce.map(({ scopes }) => scopes),
    [{ '': ['openid', 'offline_access'] }],
  )
  assert.ok(grants.some(grant => grant.revoked_at !== undefined && grant.scopes[resource] !== undefined))
})
