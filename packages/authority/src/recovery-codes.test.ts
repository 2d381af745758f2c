import assert from 'node:assert/strict'
import { test } from 'node:test'
import { removeAccount } from './accounts.ts'
import { renewRecoveryCodes, signInWithRecoveryCode } from './recovery-codes.ts'
import { openHarness } from './testing/authority-harness.ts'

test('a recovery code that was used is forgotten with the others, when they are renewed and when the account goes', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { context, account } = harness
  const stored = async () => (await context.store.list('recovery-code', { limit: 100 })).records.length
  const useOne = async () => {
    const [code = ''] = await renewRecoveryCodes(account.id, context)
    const input = { username: account.username, code, address: '192.0.2.1', browser: 'b' }
    const first = await signInWithRecoveryCode(input, context)
    assert.ok(!('refused' in first))
    const second = await signInWithRecoveryCode(input, context)
    assert.ok('refused' in second, 'a code is used once')
  }
  await useOne()
  await useOne()
  assert.equal(await stored(), 10)
  await removeAccount(context, account.id, 'test')
  assert.equal(await stored(), 0)
})
