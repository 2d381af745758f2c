import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Stored } from '@sallyport/store'
import type { Account } from '../account.ts'
import type { Grant } from '../grant.ts'
import { openHarness } from '../testing/authority-harness.ts'
import { judgeSubject } from './subject-alive.ts'

test('S31 account and grant decide whether tokens may still be had (OAuth 2.1 §4.3.1)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { context, account, clients } = harness
  const grant = harness.grantOf(clients.webApp)
  const family = { subject: account.id, grant: grant.id, auth_time: context.now(), scope: ['openid', 'read:orders'] }
  const judged = (user: Account | undefined, allowed: Grant | undefined) => {
    const subject = judgeSubject(family, stored(user), stored(allowed))
    return 'reason' in subject ? subject.reason : 'alive'
  }
  assert.deepEqual(judgeSubject(family, stored(account), stored(grant)), { account, grant: stored(grant) })
  assert.equal(judged(undefined, grant), 'account_disabled')
  assert.equal(judged({ ...account, disabled: true }, grant), 'account_disabled')
  assert.equal(judged({ ...account, sessions_valid_from: context.now() + 1 }, grant), 'sessions_ended')
  assert.equal(judged({ ...account, sessions_valid_from: context.now() }, grant), 'alive')
  assert.equal(judged(account, undefined), 'grant_revoked')
  assert.equal(judged(account, { ...grant, revoked_at: context.now() }), 'grant_revoked')
  assert.equal(judged(account, { ...grant, scopes: { '': ['openid'] } }), 'grant_narrowed')
})

function stored<V>(value: V | undefined): Stored<V> | undefined {
  return value && { kind: 'any', key: 'any', value, version: 1, expiresAt: undefined, usedAt: undefined }
}
