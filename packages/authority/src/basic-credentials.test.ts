import assert from 'node:assert/strict'
import { test } from 'node:test'
import { basicCredentials } from './basic-credentials.ts'

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

test('client_id and secret are form-urlencoded inside Basic (RFC 6749 §2.3.1)', () => {
  assert.deepEqual(basicCredentials(basic('app:secret')), { clientId: 'app', secret: 'secret' })
  assert.deepEqual(basicCredentials(basic('my+app%3A1:p%25%2Bq')), { clientId: 'my app:1', secret: 'p%+q' })
  assert.deepEqual(basicCredentials(basic('app:a:b')), { clientId: 'app', secret: 'a:b' })
  assert.deepEqual(basicCredentials(basic(':')), { clientId: '', secret: '' })
})

test('what is not that is invalid_client, whatever it is (RFC 7617 §2)', () => {
  for (const header of [
    '',
    'Basic',
    'Basic ',
    'Basic !!',
    basic('no colon'),
    basic('app:100%'),
    'Bearer x',
    `Basic ${'A'.repeat(10_000)}`,
  ]) {
    const judged = basicCredentials(header)
    assert.equal('error' in judged && judged.error, 'invalid_client', header.slice(0, 30))
  }
})
