import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Account } from '../account.ts'
import type { Grant } from '../grant.ts'
import { openHarness } from '../testing/authority-harness.ts'
import { subjectAlive } from './subject-alive.ts'

test('S31 account and grant decide whether tokens may still be had (OAuth 2.1 §4.3.1)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { context, account, clients } = harness
  const grant = harness.grantOf(clients.webApp)
  const family = { subject: account.id, grant: grant.id, auth_time: context.now(), scope: ['openid', 'read:orders'] }
  const write = (kind: string, key: string, value: object) => context.store.commit([{ put: { kind, key, value } }])
  const withAccount = async (changes: Partial<Account>) => {
    await write('account', account.id, { ...account, ...changes })
    const judged = await subjectAlive(family, context)
    await write('account', account.id, account)
    return judged
  }
  const withGrant = async (changes: Partial<Grant>) => {
    await write('grant', grant.id, { ...grant, ...changes })
    const judged = await subjectAlive(family, context)
    await write('grant', grant.id, grant)
    return 'reason' in judged ? judged.reason : judged.account.id
  }
  const alive = await subjectAlive(family, context)
  assert.ok('account' in alive)
  assert.deepEqual([alive.account, alive.grant?.value], [account, grant])
  assert.equal('reason' in (await withAccount({ disabled: true })), true)
  assert.equal('reason' in (await withAccount({ sessions_valid_from: context.now() + 1 })), true)
  assert.equal('reason' in (await withAccount({ sessions_valid_from: context.now() })), false)
  assert.equal(await withGrant({ revoked_at: context.now() }), 'grant_revoked')
  assert.equal(await withGrant({ scopes: { '': ['openid'] } }), 'grant_narrowed')
  assert.equal(await withGrant({}), account.id)
  const stranger = await subjectAlive({ ...family, subject: 'user_unknown' }, context)
  assert.equal('reason' in stranger && stranger.reason, 'account_disabled')
})
